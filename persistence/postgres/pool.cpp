#include "persistence/postgres/pool.hpp"

namespace cued::persistence {

pool::pool(connection_options options, std::size_t threads, std::size_t queue_limit)
    : options_{std::move(options)}, queue_limit_{queue_limit} {
  threads_.reserve(threads);
  for (std::size_t i = 0; i < threads; ++i)
    threads_.emplace_back([this] { serve(); });
}

pool::~pool() {
  {
    const std::lock_guard lock{mutex_};
    closing_ = true;
  }
  wake_.notify_all();
  for (auto& thread : threads_)
    thread.join();
}

bool pool::submit(job work) {
  {
    const std::lock_guard lock{mutex_};
    if (closing_ || jobs_.size() >= queue_limit_)
      return false;
    jobs_.push_back(std::move(work));
  }
  wake_.notify_one();
  return true;
}

std::size_t pool::waiting() const {
  const std::lock_guard lock{mutex_};
  return jobs_.size();
}

void pool::serve() {
  connection link{options_};
  for (;;) {
    job next;
    {
      std::unique_lock lock{mutex_};
      wake_.wait(lock, [this] { return closing_ || !jobs_.empty(); });
      if (jobs_.empty())
        return;
      next = std::move(jobs_.front());
      jobs_.pop_front();
    }
    next(link);
  }
}

} // namespace cued::persistence
