#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "domain/error.hpp"
#include "persistence/postgres/child_process.hpp"
#include "persistence/postgres/cluster_layout.hpp"
#include "persistence/postgres/instance_lock.hpp"

namespace cued::persistence {

struct embedded_cluster_options {
  std::filesystem::path data_dir; ///< of cued; the cluster lives below it (cluster_layout.hpp)
  std::string bin_dir;            ///< of PostgreSQL; empty: found (postgres_binaries.hpp)
  bool stop_with_owner = false;   ///< the kernel stops the cluster when the starting thread ends, however it ends;
                                ///< for tests. Otherwise a cluster outlives a kill -9 and is adopted at the next start
};

/// The private Postgres that cued runs when there is no DATABASE_URL: made at the first start, started and stopped
/// with cued, reached by a unix socket in a directory that nobody else may enter, durable (fsync, synchronous_commit
/// and full_page_writes on the command line, where no file overrides them). Never runs as root.
///
/// Owned by main, outlives every connection; one thread calls it. It never talks SQL beyond creating the database.
/// The postmaster runs in a session of its own, so that Ctrl-C and SIGHUP of a terminal reach only cued.
/// Every error's message is meant for the operator: what is wrong, where, and what to do.
class embedded_cluster {
public:
  /// Takes the lock of the data directory, makes the cluster if there is none, adopts a postmaster of ours that is
  /// still running, or starts one, and waits until it accepts connections.
  [[nodiscard]] static result<std::unique_ptr<embedded_cluster>> open(embedded_cluster_options options);

  /// Stops the cluster if `stop` did not.
  ~embedded_cluster();
  embedded_cluster(const embedded_cluster&) = delete;
  embedded_cluster& operator=(const embedded_cluster&) = delete;

  /// Where to connect; stays the same over restarts.
  [[nodiscard]] std::string dsn() const { return layout_.dsn(); }
  [[nodiscard]] std::string dsn_for(const std::string& database) const { return layout_.dsn(database); }

  [[nodiscard]] bool adopted() const { return adopted_; }
  [[nodiscard]] bool running() const;
  [[nodiscard]] pid_t postmaster() const { return postmaster_ ? postmaster_->pid() : -1; }

  /// Readable as soon as the postmaster is gone: what a supervisor polls. Valid until the next `ensure_running`.
  [[nodiscard]] int exit_descriptor() const { return postmaster_ ? postmaster_->descriptor() : -1; }

  /// Starts the cluster again if it has died. Crash recovery is Postgres' own.
  [[nodiscard]] result<void> ensure_running();

  /// Fast shutdown: sessions are ended, a checkpoint is written. Past the deadline Postgres is told to stop at once
  /// (it recovers from its log at the next start), which is reported as an error. Doing it twice is harmless.
  [[nodiscard]] result<void> stop();

private:
  explicit embedded_cluster(embedded_cluster_options options, cluster_layout layout, instance_lock lock);

  result<void> prepare();        ///< directories, account, binaries, initdb
  result<void> start_or_adopt(); ///< leaves `postmaster_` accepting connections
  result<bool> adopt_survivor(); ///< true: a postmaster of an earlier cued serves again
  result<void> launch();
  result<void> await_readiness();
  result<void> await_orphans() const; ///< processes that the postmaster left behind
  result<void> create_database();
  error explain_failed_start(const std::string& what) const;

  embedded_cluster_options options_;
  cluster_layout layout_;
  instance_lock lock_;
  std::filesystem::path bin_dir_;
  std::optional<account> account_; ///< whose rights the cluster gets; nothing: our own
  std::optional<child_process> postmaster_;
  bool adopted_ = false;
};

} // namespace cued::persistence
