# Shared by run_short and run_long. Sourced, not run; the caller has set `set -euo pipefail` and changed to tests/fuzz.

readonly build=${CUED_FUZZ_BUILD:-../../build/fuzz} corpora=../../build/fuzz-corpus findings=../../build/fuzz-findings
readonly input_seconds_max=25 memory_mb_max=2048 input_bytes_max=4096

target_names() { for file in *_fuzz.cpp; do echo "${file%_fuzz.cpp}"; done; }
binary_of() { echo "$build/tests/fuzz/$1_fuzz"; }

require_built() {
  if [[ ! -x $(binary_of "$1") ]]; then
    echo "$(binary_of "$1") is not built: run ./test fuzz" >&2
    exit 1
  fi
}

# collect_options NAME sets `options` for libFuzzer and `inputs` to the folders of the repository that it starts from.
collect_options() {
  local folder
  mkdir -p "$findings"
  options=(-timeout="$input_seconds_max" -rss_limit_mb="$memory_mb_max" -max_len="$input_bytes_max"
    -artifact_prefix="$findings/$1-" -print_final_stats=1)
  if [[ -e dictionaries/$1.dict ]]; then options+=(-dict="dictionaries/$1.dict"); fi
  inputs=()
  for folder in seeds regressions; do
    if [[ -d $folder/$1 ]]; then inputs+=("$folder/$1"); fi
  done
}
