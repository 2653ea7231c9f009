#pragma once

#include <filesystem>
#include <string>

namespace cued::persistence {

/// Where the private cluster keeps what, all derived from cued's data directory:
///
///   <data_dir>/cued.lock                 held by the cued that runs here
///   <data_dir>/postgres/                 belongs to the cluster's account, 0700
///   <data_dir>/postgres/main/            the cluster itself (PGDATA)
///   <data_dir>/postgres/main.incomplete/ the same while initdb is at work, renamed when it is whole
///   <data_dir>/postgres/run/             the socket, unless its path would be too long for one
///   <data_dir>/postgres/log/             a week of logs, one file per day
///   <data_dir>/postgres-start.log        what initdb and the server said until they had a log; not in a directory of
///                                        the cluster's account, for cued may be root and must not be led astray there
///
/// A value without I/O.
class cluster_layout {
public:
  static constexpr int port = 5432; ///< only a part of the socket's name; no TCP port is opened
  static constexpr const char* superuser = "cued";
  static constexpr const char* database = "cued";

  /// `data_dir` must be absolute and without symbolic links.
  explicit cluster_layout(std::filesystem::path data_dir);

  [[nodiscard]] const std::filesystem::path& data_dir() const { return data_dir_; }
  [[nodiscard]] std::filesystem::path lock_file() const { return data_dir_ / "cued.lock"; }
  [[nodiscard]] std::filesystem::path root() const { return data_dir_ / "postgres"; }
  [[nodiscard]] std::filesystem::path cluster() const { return root() / "main"; }
  [[nodiscard]] std::filesystem::path incomplete_cluster() const { return root() / "main.incomplete"; }
  [[nodiscard]] std::filesystem::path log_dir() const { return root() / "log"; }
  [[nodiscard]] std::filesystem::path start_log() const { return data_dir_ / "postgres-start.log"; }
  [[nodiscard]] std::filesystem::path pid_file() const { return cluster() / "postmaster.pid"; }
  [[nodiscard]] std::filesystem::path version_file() const { return cluster() / "PG_VERSION"; }

  /// Below the data directory, or, where a socket's path would exceed the 107 bytes the kernel takes, a directory
  /// below /tmp whose name is made from the data directory's. Whoever uses it must check whose it is.
  [[nodiscard]] const std::filesystem::path& socket_dir() const { return socket_dir_; }
  [[nodiscard]] bool socket_dir_is_shared_ground() const { return socket_dir_.parent_path() != root(); }

  /// libpq connection string.
  [[nodiscard]] std::string dsn(const std::string& database_name = database) const;

private:
  std::filesystem::path data_dir_;
  std::filesystem::path socket_dir_;
};

} // namespace cued::persistence
