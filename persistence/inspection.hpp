#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "persistence/postgres/connection.hpp"
#include "persistence/postgres/postgres_binaries.hpp"

/// What `cued doctor` sees of the data directory and the database. Only looks: takes no lock, writes nothing, starts
/// and stops nothing, so it may run beside a cued that serves.
namespace cued::persistence {

struct data_directory_view {
  bool exists = false;
  bool usable = false; ///< by us: read, write, enter; of one that does not exist: it could be made
  mode_t mode = 0;
  std::uintmax_t free_bytes = 0;    ///< of its file system
  std::optional<pid_t> lock_holder; ///< the cued that runs there
};

[[nodiscard]] data_directory_view look_at_data_directory(const std::filesystem::path& data_dir);

struct cluster_view {
  std::vector<postgres_binaries> binaries; ///< newest first
  bool made = false;                       ///< initdb has been here
  std::optional<int> major;                ///< of the cluster that is there
  bool running = false;                    ///< a postmaster of this cluster is alive
  bool ready = false;                      ///< and accepts connections
  std::string dsn;                         ///< how to reach it if it runs

  /// Programs for the cluster that is there, or any for one that has still to be made.
  [[nodiscard]] bool has_fitting_binaries() const;
};

[[nodiscard]] cluster_view look_at_cluster(const std::filesystem::path& data_dir, const std::string& bin_dir);

struct database_view {
  int server_version = 0;                   ///< 150014
  std::optional<int> schema;                ///< the newest migration of ours; nothing: none was ever applied
  int schema_of_this_program = 0;           ///< what `migrate` would bring it to
  std::vector<std::string> faults;          ///< of a schema that is up to date: what differs from the expected catalog
  std::chrono::milliseconds clock_ahead{0}; ///< of the database's clock, against ours
  std::chrono::milliseconds round_trip{0};
};

/// 503 when it cannot be reached.
[[nodiscard]] result<database_view> look_at_database(const connection_options& options, const time_source& clock);

} // namespace cued::persistence
