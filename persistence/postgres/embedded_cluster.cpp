#include "persistence/postgres/embedded_cluster.hpp"

#include <csignal>

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <spdlog/spdlog.h>

#include "persistence/postgres/cluster_processes.hpp"
#include "persistence/postgres/cluster_setup.hpp"
#include "persistence/postgres/connection.hpp"

namespace cued::persistence {

namespace fs = std::filesystem;

namespace {

using namespace std::chrono_literals;

// Crash recovery of a large log may take a while; a start that shows nothing for this long is stuck.
constexpr auto start_patience = 120s;
constexpr auto fast_stop_patience = 30s;
constexpr auto immediate_stop_patience = 10s;
constexpr auto orphan_patience = 10s;
// Readiness is announced by a write to postmaster.pid; this is for file systems that do not tell of writes.
constexpr auto look_again_after = 50ms;

/// Reason: the database of a fresh cluster has to be made once. Index: pg_database_datname_index.
constexpr named_query database_exists{"database_exists", "SELECT 1 FROM pg_database WHERE datname = $1"};

/// Wakes when something in a directory is written.
class directory_watch {
public:
  explicit directory_watch(const fs::path& directory) : descriptor_{::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)} {
    if (descriptor_ >= 0)
      ::inotify_add_watch(descriptor_, directory.c_str(), IN_MODIFY | IN_CREATE | IN_MOVED_TO);
  }
  ~directory_watch() {
    if (descriptor_ >= 0)
      ::close(descriptor_);
  }
  directory_watch(const directory_watch&) = delete;
  directory_watch& operator=(const directory_watch&) = delete;

  /// Returns at a write, at the end of the process, or after `patience`, whichever comes first.
  void wait(const child_process& process, std::chrono::milliseconds patience) const {
    pollfd watched[] = {{process.descriptor(), POLLIN, 0}, {descriptor_, POLLIN, 0}};
    ::poll(watched, 2, static_cast<int>(patience.count()));
    char events[4096];
    while (descriptor_ >= 0 && ::read(descriptor_, events, sizeof events) > 0) {
    }
  }

private:
  int descriptor_;
};

tl::unexpected<error> failed(std::string words) { return fail(500, "embedded_database_failed", std::move(words)); }

} // namespace

embedded_cluster::embedded_cluster(embedded_cluster_options options, cluster_layout layout, instance_lock lock)
    : options_{std::move(options)}, layout_{std::move(layout)}, lock_{std::move(lock)} {}

result<std::unique_ptr<embedded_cluster>> embedded_cluster::open(embedded_cluster_options options) {
  auto data_dir = make_data_dir(options.data_dir);
  if (!data_dir)
    return fail(data_dir.error());
  cluster_layout layout{std::move(*data_dir)};
  auto lock = instance_lock::take(layout.lock_file());
  if (!lock)
    return fail(lock.error());
  std::unique_ptr<embedded_cluster> cluster{
      new embedded_cluster{std::move(options), std::move(layout), std::move(*lock)}};
  if (auto prepared = cluster->prepare(); !prepared)
    return fail(prepared.error());
  if (auto started = cluster->start_or_adopt(); !started)
    return fail(started.error());
  if (auto created = cluster->create_database(); !created)
    return fail(created.error());
  return cluster;
}

embedded_cluster::~embedded_cluster() {
  if (const auto stopped = stop(); !stopped)
    spdlog::error("{}", stopped.error().message);
}

bool embedded_cluster::running() const {
  if (!postmaster_)
    return false;
  pollfd watched{postmaster_->descriptor(), POLLIN, 0};
  return ::poll(&watched, 1, 0) == 0;
}

result<void> embedded_cluster::ensure_running() {
  if (running())
    return {};
  if (postmaster_ && postmaster_->ended())
    spdlog::error("the private Postgres is gone ({}); starting it again", postmaster_->how_it_ended());
  postmaster_.reset();
  return start_or_adopt();
}

result<void> embedded_cluster::stop() {
  if (!postmaster_)
    return {};
  postmaster_->signal(SIGINT);
  if (postmaster_->wait_for_end(fast_stop_patience)) {
    postmaster_.reset();
    std::error_code not_empty;
    if (layout_.socket_dir_is_shared_ground())
      fs::remove(layout_.socket_dir(), not_empty);
    return await_orphans(); // the log's writer reads to the end
  }
  postmaster_->signal(SIGQUIT);
  const bool gone = postmaster_->wait_for_end(immediate_stop_patience);
  const auto pid = postmaster_->pid();
  postmaster_.reset();
  return failed(gone ? "the private Postgres did not stop in time and was told to stop at once; it will recover from "
                       "its log at the next start"
                     : "the private Postgres (process " + std::to_string(pid) + ") does not stop");
}

result<void> embedded_cluster::prepare() {
  auto who = choose_account(layout_);
  if (!who)
    return fail(who.error());
  account_ = std::move(*who);
  auto binaries = choose_binaries(layout_, options_.bin_dir);
  if (!binaries)
    return fail(binaries.error());
  bin_dir_ = std::move(*binaries);
  if (auto made = make_directories(layout_, account_); !made)
    return made;
  return make_cluster(layout_, bin_dir_, account_);
}

result<void> embedded_cluster::start_or_adopt() {
  auto survivor = adopt_survivor();
  if (!survivor)
    return fail(survivor.error());
  adopted_ = *survivor;
  return adopted_ ? result<void>{} : launch();
}

result<bool> embedded_cluster::adopt_survivor() {
  const auto file = read_postmaster_file(layout_.pid_file());
  if (!file)
    return false;
  auto process = child_process::attach(file->pid);
  if (process && is_postmaster_of(file->pid, layout_.cluster())) {
    postmaster_ = std::move(process);
    if (file->socket_dir != layout_.socket_dir()) {
      // The data directory was moved: the old socket is where nobody of ours looks.
      if (auto stopped = stop(); !stopped)
        return fail(stopped.error());
      return false;
    }
    if (const auto ready = await_readiness(); ready) {
      spdlog::info("adopted the private Postgres that was still running (process {})", file->pid);
      return true;
    } else if (running()) {
      return fail(ready.error());
    }
    postmaster_.reset(); // it was on its way out
    return false;
  }
  if (auto gone = await_orphans(); !gone)
    return fail(gone.error());
  if (process) {
    // Postgres itself would take any living process of that number for a postmaster.
    spdlog::warn("removing a stale {}: process {} is something else", layout_.pid_file().string(), file->pid);
    std::error_code failure;
    if (!fs::remove(layout_.pid_file(), failure) && failure)
      return failed("cannot remove the stale " + layout_.pid_file().string() + ": " + failure.message());
  }
  return false;
}

result<void> embedded_cluster::await_orphans() const {
  if (const auto pid = wait_until_left(layout_.cluster(), orphan_patience))
    return failed("process " + std::to_string(*pid) + " of the cluster in " + layout_.cluster().string() +
                  " does not end");
  return {};
}

result<void> embedded_cluster::launch() {
  if (auto made = make_directories(layout_, account_); !made) // again, for the one in /tmp goes with each stop
    return made;
  std::error_code not_there;
  fs::remove(layout_.start_log(), not_there);
  auto description = server_process(layout_, bin_dir_, account_);
  description.death_signal = options_.stop_with_owner ? SIGINT : 0;
  auto started = child_process::start(description);
  if (!started)
    return failed(started.error().message);
  postmaster_ = std::move(*started);
  return await_readiness();
}

result<void> embedded_cluster::await_readiness() {
  const directory_watch watch{layout_.cluster()};
  const auto deadline = std::chrono::steady_clock::now() + start_patience;
  for (;;) {
    const auto file = read_postmaster_file(layout_.pid_file());
    if (file && file->pid == postmaster_->pid() && file->ready)
      return {};
    if (postmaster_->ended())
      return fail(explain_failed_start("ended while starting (" + postmaster_->how_it_ended() + ")"));
    if (std::chrono::steady_clock::now() >= deadline)
      return fail(explain_failed_start("does not become ready"));
    watch.wait(*postmaster_, look_again_after);
  }
}

error embedded_cluster::explain_failed_start(const std::string& what) const {
  return error{500,
               "embedded_database_failed",
               "the private Postgres in " + layout_.cluster().string() + " " + what + ". More in " +
                   layout_.log_dir().string() + last_words(layout_),
               {},
               std::nullopt};
}

result<void> embedded_cluster::create_database() {
  connection link{{dsn_for("postgres"), "cued"}};
  return link.run([](session& s) -> result<void> {
    if (s.exec(database_exists, cluster_layout::database).empty())
      s.exec_text(std::string{"CREATE DATABASE "} + cluster_layout::database);
    return {};
  });
}

} // namespace cued::persistence
