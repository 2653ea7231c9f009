#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace cued::actors {

/// While one of these lives, something comes to its end; if that takes longer than `limit`, the process ends at once,
/// with a last line in the log. A member that never comes back from its work would keep the process for ever, half
/// dead. Nothing is lost by it, no more than by kill -9. Thread: its owner's, and one of its own.
class end_in_time {
public:
  /// `known`: who is known to be in the way, for that last line; may be empty.
  explicit end_in_time(std::chrono::milliseconds limit, std::string known = {});
  ~end_in_time();
  end_in_time(const end_in_time&) = delete;
  end_in_time& operator=(const end_in_time&) = delete;

private:
  void wait(std::chrono::milliseconds limit, const std::string& known);

  std::mutex mutex_;
  std::condition_variable changed_;
  bool ended_ = false;
  std::thread watcher_;
};

} // namespace cued::actors
