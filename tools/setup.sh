# Shared by ./run and ./test: installs packages, configures and builds. Sourced, not run; the caller has set
# `set -euo pipefail` and changed to the root of the project. Everything here is quick when there is nothing to do.

readonly package_list=tools/packages.debian
readonly apt_update_tries=5
readonly apt_lock_timeout_seconds=300

step() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
complain() { printf '%s\n' "$*" >&2; }

# packages_of SECTION... prints the packages of these sections of the list.
packages_of() {
  local section
  for section in "$@"; do
    awk -v wanted="[$section]" '
      /^\[/ { inside = ($0 == wanted); next }
      inside { sub(/#.*/, ""); if (NF) print $1 }' "$package_list"
  done
}

# missing_packages PACKAGE... prints those that are not installed.
missing_packages() {
  local installed
  installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed //p') || true
  printf '%s\n' "$@" | grep -vxF -f <(printf '%s\n' "${installed:-none}") || true
}

as_root() {
  if [[ $(id -u) -eq 0 ]]; then
    "$@"
  else
    sudo "$@"
  fi
}

# explain_by_hand PACKAGE... : for machines on which these scripts do not install anything.
explain_by_hand() {
  complain "Install what these Debian 12 packages contain (libraries with their headers), then run this again with"
  complain "CUED_SKIP_PACKAGES=1:"
  printf '  %s\n' "$@" >&2
}

# Debian starts a server as soon as its package is installed. cued needs the programs, not the services: it keeps
# its own cluster, and the tests start their own. Both precautions leave alone what is there already.
hold_back_services() {
  local drop_in=/etc/postgresql-common/createcluster.d/cued.conf
  if [[ ! -e $drop_in && ! -e /etc/postgresql ]]; then
    as_root mkdir -p "${drop_in%/*}"
    printf '# Written by cued: it runs a private cluster and needs no "main" one. Delete this file to undo.\n%s\n' \
      'create_main_cluster = false' | as_root tee "$drop_in" >/dev/null
  fi
  if [[ ! -e /usr/sbin/policy-rc.d ]]; then
    trap 'as_root rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' | as_root tee /usr/sbin/policy-rc.d >/dev/null
    as_root chmod 755 /usr/sbin/policy-rc.d
  fi
}

release_services() {
  if [[ -n $(trap -p EXIT) ]]; then
    as_root rm -f /usr/sbin/policy-rc.d
    trap - EXIT
  fi
}

# `apt-get update` does not wait for another apt that holds the lists, so it is tried again.
update_package_lists() {
  local try
  for ((try = 1; try <= apt_update_tries; try++)); do
    if as_root apt-get update -q -o Acquire::Retries=3; then
      return
    fi
    complain "apt-get update failed (try $try of $apt_update_tries)"
    if ((try < apt_update_tries)); then sleep $((try * 5)); fi
  done
  return 1
}

# install_packages SECTION...
install_packages() {
  local wanted missing
  mapfile -t wanted < <(packages_of "$@")
  if [[ ${CUED_SKIP_PACKAGES:-} == 1 ]]; then
    return
  fi
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    complain "This machine has no apt-get; cued's scripts install packages on Debian and Ubuntu only."
    explain_by_hand "${wanted[@]}"
    exit 1
  fi
  mapfile -t missing < <(missing_packages "${wanted[@]}")
  if [[ ${#missing[@]} -eq 0 ]]; then
    return
  fi
  if [[ $(id -u) -ne 0 ]] && ! command -v sudo >/dev/null; then
    complain "${#missing[@]} packages are missing, and installing them needs root or sudo. As root:"
    complain "  apt-get update && apt-get install --no-install-recommends ${missing[*]}"
    exit 1
  fi

  step "Installing ${#missing[@]} packages: ${missing[*]}"
  update_package_lists
  hold_back_services
  if ! as_root env DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 apt-get install -y -q --no-install-recommends \
    -o DPkg::Lock::Timeout="$apt_lock_timeout_seconds" -o Dpkg::Options::=--force-confdef \
    -o Dpkg::Options::=--force-confold -o Acquire::Retries=3 "${missing[@]}"; then
    complain "apt-get could not install them. The list is made for Debian 12; elsewhere names may differ."
    explain_by_hand "${missing[@]}"
    exit 1
  fi
  release_services
}

# build PRESET TARGET... : configures once and when the presets change; ninja knows what else is stale.
build() {
  local preset=$1
  shift
  if [[ ! -e build/$preset/build.ninja || CMakePresets.json -nt build/$preset/build.ninja ]]; then
    configure "$preset"
  fi
  step "Building build/$preset: $*"
  cmake --build "build/$preset" --target "$@" >&2
}

configure() {
  step "Configuring build/$1"
  cmake --preset "$1" >&2
}

# make_venv NAME REQUIREMENTS : build/venv-NAME holds exactly the pinned REQUIREMENTS, and is made anew when they change.
make_venv() {
  local name=$1 requirements=$2
  local venv=build/venv-$name
  if cmp -s "$requirements" "$venv/requirements.txt"; then
    return
  fi
  step "Making $venv"
  rm -rf "$venv"
  /usr/bin/python3 -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --requirement "$requirements"
  cp "$requirements" "$venv/requirements.txt"
}
