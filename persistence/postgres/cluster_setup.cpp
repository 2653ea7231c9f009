#include "persistence/postgres/cluster_setup.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <deque>
#include <fstream>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "persistence/postgres/cluster_processes.hpp"
#include "persistence/postgres/postgres_binaries.hpp"

namespace cued::persistence {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::seconds initdb_patience{120};
constexpr std::chrono::seconds question_patience{10};
constexpr std::chrono::seconds leftover_patience{10};
constexpr std::size_t last_words_lines = 8;

/// Appended to postgresql.conf when the cluster is made, and the operator's to change from then on.
constexpr const char* first_configuration = R"conf(
# -- cued: written once, when this cluster was made; yours to change ------------------------------------------------
# (fsync, synchronous_commit, full_page_writes, listen_addresses, port and the socket are fixed on the command line)
cluster_name = 'cued'
max_connections = 60
shared_buffers = 128MB
work_mem = 8MB
maintenance_work_mem = 64MB
max_wal_size = 2GB
min_wal_size = 256MB
checkpoint_timeout = 15min
random_page_cost = 1.1
jit = off
max_parallel_workers_per_gather = 0
autovacuum_naptime = 15s
autovacuum_vacuum_cost_limit = 1000
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %a '
log_min_duration_statement = 1s
log_autovacuum_min_duration = 10s
logging_collector = on
log_directory = '../log'
log_filename = 'postgres-%a.log'
log_rotation_age = 1d
log_rotation_size = 0
log_truncate_on_rotation = on
)conf";

tl::unexpected<error> refused(std::string words) { return fail(500, "embedded_database_failed", std::move(words)); }

std::string named(const std::optional<account>& who) { return who ? "the account '" + who->name + "'" : "this user"; }

std::vector<std::string> plain_environment() { return {"PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"}; }

/// Every directory from the root of the file system down to `path`.
std::vector<std::string> way_to(const fs::path& path) {
  std::vector<std::string> steps;
  fs::path step;
  for (const auto& part : path)
    steps.push_back((step /= part).string());
  return steps;
}

/// 0, or the errno that kept `path` from being a directory with mode 0700. Async-signal-safe.
int make_private(const char* path) {
  struct stat there {};
  if (::mkdir(path, 0700) == 0)
    return 0;
  if (errno != EEXIST || ::lstat(path, &there) != 0)
    return errno;
  if (!S_ISDIR(there.st_mode) || there.st_uid != ::geteuid())
    return EEXIST;
  return (there.st_mode & 0777) == 0700 || ::chmod(path, 0700) == 0 ? 0 : errno;
}

result<void> make_private_as(const std::optional<account>& who, const fs::path& directory) {
  const auto reason = do_as(who, [path = directory.c_str()] { return make_private(path); });
  if (reason == 0)
    return {};
  if (reason == EEXIST)
    return refused(directory.string() + " exists, but is not a directory that belongs to " + named(who) +
                   ". It has to be moved out of the way");
  return refused("cannot make the directory " + directory.string() + " as " + named(who) + ": " +
                 (reason ? std::strerror(*reason) : "the account's rights could not be taken on"));
}

/// `<data_dir>/postgres` is the only thing whose owner is ever changed.
result<void> make_root(const cluster_layout& layout, const std::optional<account>& who) {
  const auto root = layout.root().string();
  if (!who)
    return make_private_as(who, root);
  struct stat there {};
  if (::mkdir(root.c_str(), 0700) != 0 && errno != EEXIST)
    return refused("cannot make the directory " + root + ": " + std::strerror(errno));
  if (::lstat(root.c_str(), &there) != 0 || !S_ISDIR(there.st_mode))
    return refused(root + " is not a directory");
  if (there.st_uid != who->uid && ::lchown(root.c_str(), who->uid, who->gid) != 0)
    return refused("cannot give " + root + " to " + named(who) + ": " + std::strerror(errno));
  return make_private_as(who, root);
}

result<void> check_way(const cluster_layout& layout, const account& who) {
  const auto steps = way_to(layout.data_dir());
  const auto closed = do_as(who, [&steps] {
    for (std::size_t i = 0; i < steps.size() && i < 250; ++i)
      if (::access(steps[i].c_str(), X_OK) != 0)
        return static_cast<int>(i) + 1;
    return 0;
  });
  if (!closed)
    return refused("cannot take on the rights of " + named(who) +
                   ", and Postgres does not run as root. Start cued as an ordinary user, or set DATABASE_URL");
  if (*closed == 0)
    return {};
  const auto& where = steps[static_cast<std::size_t>(*closed) - 1];
  return refused(named(who) + ", under which Postgres runs because cued was started as root, may not enter " + where +
                 ". Allow it (chmod o+x " + where + "), or choose another directory (--data-dir)");
}

/// What full pages are compressed with in the log, which is an eighth of the time of claims with pglz, and hardly
/// measurable with lz4; but not every build has it.
std::string quickest_compression(const fs::path& cluster, const fs::path& bin_dir, const std::optional<account>& who) {
  const auto takes_lz4 = run_to_end(
      {{(bin_dir / "postgres").string(), "-D", cluster.string(), "-c", "wal_compression=lz4", "-C", "wal_compression"},
       plain_environment(),
       who,
       "/dev/null",
       SIGKILL},
      question_patience);
  return takes_lz4 ? "lz4" : "on";
}

result<void> append_configuration(const fs::path& cluster, const std::string& compression,
                                  const std::optional<account>& who) {
  const auto file = (cluster / "postgresql.conf").string();
  const std::string text = first_configuration + ("wal_compression = " + compression + "\n");
  const auto reason = do_as(who, [&] {
    const int descriptor = ::open(file.c_str(), O_WRONLY | O_APPEND | O_NOFOLLOW);
    if (descriptor < 0)
      return errno;
    if (::write(descriptor, text.data(), text.size()) != static_cast<ssize_t>(text.size()) || ::fsync(descriptor) != 0)
      return errno == 0 ? EIO : errno;
    return 0;
  });
  if (reason != 0)
    return refused("cannot write " + file + ": " + (reason ? std::strerror(*reason) : "no rights"));
  return {};
}

result<void> rename_durably(const fs::path& from, const fs::path& to) {
  const int parent = ::open(to.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool done = parent >= 0 && ::rename(from.c_str(), to.c_str()) == 0 && ::fsync(parent) == 0;
  const int reason = errno;
  if (parent >= 0)
    ::close(parent);
  if (!done)
    return refused("cannot rename " + from.string() + " to " + to.string() + ": " + std::strerror(reason));
  return {};
}

std::string listed(const std::vector<postgres_binaries>& installed) {
  std::string out;
  for (const auto& one : installed)
    out += (out.empty() ? "" : ", ") + std::to_string(one.major) + " (" + one.bin_dir.string() + ")";
  return out;
}

} // namespace

result<fs::path> make_data_dir(const fs::path& wanted) {
  std::error_code failure;
  const bool was_there = fs::exists(wanted, failure);
  if (!was_there && !fs::create_directories(wanted, failure) && failure)
    return refused("cannot make the data directory " + wanted.string() + ": " + failure.message());
  auto resolved = fs::canonical(wanted, failure);
  if (failure)
    return refused("cannot resolve the data directory " + wanted.string() + ": " + failure.message());
  // As root the cluster's account has to walk through it; the secrets in it have modes of their own.
  if (!was_there && ::chmod(resolved.c_str(), ::geteuid() == 0 ? 0711 : 0700) != 0)
    return refused("cannot set the mode of " + resolved.string() + ": " + std::strerror(errno));
  return resolved;
}

result<std::optional<account>> choose_account(const cluster_layout& layout) {
  struct stat there {};
  const bool exists = ::stat(layout.cluster().c_str(), &there) == 0;
  if (::geteuid() != 0) {
    if (exists && there.st_uid != ::geteuid())
      return refused("the cluster in " + layout.cluster().string() + " belongs to another user (uid " +
                     std::to_string(there.st_uid) + "). Start cued as that user or as root, or use --data-dir");
    return std::optional<account>{};
  }
  if (exists) {
    auto owner = account::of(there.st_uid);
    if (!owner || owner->uid == 0)
      return refused("the cluster in " + layout.cluster().string() + " belongs to uid " + std::to_string(there.st_uid) +
                     ", under which Postgres cannot run. Give it to an ordinary account: chown -R postgres " +
                     layout.root().string());
    return owner;
  }
  for (const char* name : {"cued", "postgres", "nobody"})
    if (auto found = account::named(name); found && found->uid != 0)
      return found;
  return refused("Postgres does not run as root and none of the accounts cued, postgres, nobody exists. "
                 "Make one (useradd --system cued), or start cued as an ordinary user");
}

result<void> make_directories(const cluster_layout& layout, const std::optional<account>& who) {
  if (who)
    if (auto open = check_way(layout, *who); !open)
      return open;
  if (auto made = make_root(layout, who); !made)
    return made;
  if (auto made = make_private_as(who, layout.log_dir()); !made)
    return made;
  return make_private_as(who, layout.socket_dir());
}

result<fs::path> choose_binaries(const cluster_layout& layout, const std::string& bin_dir) {
  const auto installed = find_postgres(bin_dir);
  if (installed.empty())
    return refused(bin_dir.empty()
                       ? "no PostgreSQL is installed, and DATABASE_URL is not set. Install it (apt-get install "
                         "postgresql), or tell where it is (POSTGRES_BIN_DIR), or set DATABASE_URL"
                       : "POSTGRES_BIN_DIR=" + bin_dir + " does not hold the programs postgres and initdb");
  std::error_code unreadable;
  if (!fs::exists(layout.cluster(), unreadable))
    return installed.front().bin_dir;
  const auto major = cluster_major(layout.version_file());
  if (!major)
    return refused(layout.cluster().string() + " is not a cluster of PostgreSQL: " + layout.version_file().string() +
                   " is missing or damaged. Restore it from a backup, or move the directory away to begin anew");
  const auto fitting =
      std::find_if(installed.begin(), installed.end(), [&](const auto& one) { return one.major == *major; });
  if (fitting != installed.end())
    return fitting->bin_dir;
  const auto wanted = std::to_string(*major);
  return refused("the cluster in " + layout.cluster().string() + " was made by PostgreSQL " + wanted +
                 ", and installed here is " + listed(installed) + ". Nothing was touched. Either install PostgreSQL " +
                 wanted + " again (apt-get install postgresql-" + wanted +
                 "), or bring the cluster to the new version "
                 "with pg_upgrade, or dump it with the old one and restore it into a new data directory");
}

result<void> make_cluster(const cluster_layout& layout, const fs::path& bin_dir, const std::optional<account>& who) {
  std::error_code failure;
  if (fs::exists(layout.cluster(), failure))
    return {};
  // What an earlier initdb left that was killed, together with the cued that ran it.
  if (const auto pid = wait_until_left(layout.incomplete_cluster(), leftover_patience))
    return refused("process " + std::to_string(*pid) + " still works in " + layout.incomplete_cluster().string());
  fs::remove_all(layout.incomplete_cluster(), failure);
  fs::remove(layout.start_log(), failure);
  const auto made = run_to_end(
      {{(bin_dir / "initdb").string(), "-D", layout.incomplete_cluster().string(), "-U", cluster_layout::superuser,
        "-E", "UTF8", "--locale=C.UTF-8", "--auth-local=trust", "--auth-host=reject", "--no-instructions"},
       plain_environment(),
       who,
       layout.start_log(),
       SIGKILL},
      initdb_patience);
  if (!made)
    return refused("cannot make the cluster in " + layout.cluster().string() + ": " + made.error().message +
                   last_words(layout));
  const auto compression = quickest_compression(layout.incomplete_cluster(), bin_dir, who);
  if (auto written = append_configuration(layout.incomplete_cluster(), compression, who); !written)
    return written;
  return rename_durably(layout.incomplete_cluster(), layout.cluster());
}

process_description server_process(const cluster_layout& layout, const fs::path& bin_dir,
                                   const std::optional<account>& who) {
  std::string socket_dir = "\"";
  for (const char c : layout.socket_dir().native())
    socket_dir += c == '"' ? std::string{"\"\""} : std::string{c};
  socket_dir += '"';
  std::vector<std::string> arguments{(bin_dir / "postgres").string(), "-D", layout.cluster().string()};
  for (const auto& setting :
       {std::string{"listen_addresses="}, "unix_socket_directories=" + socket_dir,
        std::string{"unix_socket_permissions=0700"}, "port=" + std::to_string(cluster_layout::port),
        std::string{"fsync=on"}, std::string{"synchronous_commit=on"}, std::string{"full_page_writes=on"}}) {
    arguments.emplace_back("-c");
    arguments.push_back(setting);
  }
  return {std::move(arguments), plain_environment(), who, layout.start_log(), 0};
}

std::string last_words(const cluster_layout& layout) {
  std::ifstream file{layout.start_log()};
  std::deque<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    lines.push_back(line);
    if (lines.size() > last_words_lines)
      lines.pop_front();
  }
  std::string out;
  for (const auto& line : lines)
    out += "\n  " + line;
  return out;
}

} // namespace cued::persistence
