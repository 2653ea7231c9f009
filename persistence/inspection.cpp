#include "persistence/inspection.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "persistence/postgres/catalog.hpp"
#include "persistence/postgres/cluster_layout.hpp"
#include "persistence/postgres/cluster_processes.hpp"
#include "persistence/postgres/migrations.hpp"

namespace cued::persistence {
namespace {

namespace fs = std::filesystem;

/// Reason: what server this is, what its clock says, and whether we have been here. No table is read.
constexpr named_query inspect_server{"inspect_server", R"sql(
  SELECT current_setting('server_version_num')::int, clock_timestamp(),
         to_regclass('cued.schema_version') IS NOT NULL
)sql"};

/// Reason: the newest migration. A table of a few rows.
constexpr named_query inspect_schema{"inspect_schema", "SELECT max(version) FROM cued.schema_version"};

/// Who holds the flock on that file, as the kernel tells in /proc/locks (proc(5)): taking it to find out would keep a
/// cued that starts just now from starting.
std::optional<pid_t> holder_of(const fs::path& lock_file) {
  struct stat there {};
  if (::stat(lock_file.c_str(), &there) != 0)
    return std::nullopt;
  char file_id[64];
  std::snprintf(file_id, sizeof file_id, "%02x:%02x:%llu", ::major(there.st_dev), ::minor(there.st_dev),
                static_cast<unsigned long long>(there.st_ino));
  std::ifstream locks{"/proc/locks"};
  for (std::string line; std::getline(locks, line);) {
    std::istringstream words{line};
    std::string number, kind, mandatory, access, id;
    long pid = 0;
    if (words >> number >> kind >> mandatory >> access >> pid >> id && kind == "FLOCK" && id == file_id)
      return static_cast<pid_t>(pid);
  }
  return std::nullopt;
}

fs::path nearest_that_exists(fs::path path) {
  std::error_code unreadable;
  while (!fs::exists(path, unreadable) && path.has_parent_path() && path != path.parent_path())
    path = path.parent_path();
  return path;
}

} // namespace

data_directory_view look_at_data_directory(const fs::path& data_dir) {
  data_directory_view out;
  struct stat there {};
  out.exists = ::stat(data_dir.c_str(), &there) == 0 && S_ISDIR(there.st_mode);
  out.mode = there.st_mode & 07777;
  const auto ground = nearest_that_exists(data_dir);
  std::error_code unreadable;
  out.usable = fs::is_directory(ground, unreadable) && ::access(ground.c_str(), R_OK | W_OK | X_OK) == 0;
  const auto space = fs::space(ground, unreadable);
  out.free_bytes = unreadable ? 0 : space.available;
  if (out.exists)
    out.lock_holder = holder_of(cluster_layout{data_dir}.lock_file());
  return out;
}

bool cluster_view::has_fitting_binaries() const {
  return made ? std::ranges::any_of(binaries, [this](const auto& one) { return major && one.major == *major; })
              : !binaries.empty();
}

cluster_view look_at_cluster(const fs::path& data_dir, const std::string& bin_dir) {
  std::error_code not_there;
  const auto resolved = fs::canonical(data_dir, not_there);
  const cluster_layout layout{not_there ? data_dir : resolved};
  cluster_view out;
  out.binaries = find_postgres(bin_dir);
  out.major = cluster_major(layout.version_file());
  out.made = out.major.has_value();
  out.dsn = layout.dsn();
  if (const auto file = read_postmaster_file(layout.pid_file())) {
    out.running = is_postmaster_of(file->pid, layout.cluster());
    out.ready = out.running && file->ready;
  }
  return out;
}

result<database_view> look_at_database(const connection_options& options, const time_source& clock) {
  connection link{options};
  return link.run([&](session& s) -> result<database_view> {
    using std::chrono::duration_cast;
    using std::chrono::milliseconds;
    s.exec(inspect_server); // connecting and preparing are not part of what is measured
    database_view out;
    const auto before = clock.now();
    const auto seen = s.exec(inspect_server);
    const auto after = clock.now();
    out.server_version = seen[0][0].as<int>();
    out.round_trip = duration_cast<milliseconds>(after - before);
    out.clock_ahead = duration_cast<milliseconds>(read_instant(seen[0][1].c_str()) - (before + (after - before) / 2));
    out.schema_of_this_program = migrations().back().number;
    if (!seen[0][2].as<bool>())
      return out;
    if (const auto newest = s.exec(inspect_schema); !newest[0][0].is_null())
      out.schema = newest[0][0].as<int>();
    if (out.schema != out.schema_of_this_program)
      return out;
    const auto difference = compare_catalog(s);
    out.faults = difference.wrong;
    for (const auto* missing : {&difference.missing, &difference.missing_repairs, &difference.missing_own})
      for (const auto& name : *missing)
        out.faults.push_back(name + " is missing");
    return out;
  });
}

} // namespace cued::persistence
