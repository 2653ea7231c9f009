#include "actors/supervisor/end_in_time.hpp"

#include <cstdlib>
#include <utility>

#include <spdlog/spdlog.h>

namespace cued::actors {

end_in_time::end_in_time(std::chrono::milliseconds limit, std::string known)
    : watcher_{[this, limit, known = std::move(known)] { wait(limit, known); }} {}

end_in_time::~end_in_time() {
  {
    const std::lock_guard lock{mutex_};
    ended_ = true;
  }
  changed_.notify_one();
  watcher_.join();
}

void end_in_time::wait(std::chrono::milliseconds limit, const std::string& known) {
  std::unique_lock lock{mutex_};
  if (changed_.wait_for(lock, limit, [this] { return ended_; }))
    return;
  spdlog::critical("a part of the server has not come to its end within {} ms{}; the process ends without it",
                   limit.count(), known.empty() ? known : " (" + known + ")");
  spdlog::default_logger()->flush();
  std::_Exit(EXIT_FAILURE);
}

} // namespace cued::actors
