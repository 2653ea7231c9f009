#include "persistence/redis/patience.hpp"

#include <utility>

namespace cued::persistence {
namespace {

/// How often the queue is looked at while there is one; most of what it holds has been answered by then.
constexpr std::chrono::milliseconds look_every{20};

} // namespace

patience::~patience() {
  {
    const std::lock_guard lock{mutex_};
    closing_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

std::shared_ptr<patience::question> patience::begin(std::function<void()> give_up) {
  auto out = std::make_shared<question>(std::move(give_up));
  const std::lock_guard lock{mutex_};
  queue_.push_back({steady::now() + limit_, out});
  if (queue_.size() == 1)
    wake_.notify_one();
  return out;
}

/// Counted before it is taken: whoever finds it taken may say at once that he came late.
void patience::give_up_on(question& what) {
  if (what.taken_)
    return;
  ++late_;
  if (!what.taken_.exchange(true))
    std::exchange(what.give_up_, nullptr)();
  else
    --late_;
}

void patience::watch() {
  std::unique_lock lock{mutex_};
  while (true) {
    wake_.wait(lock, [this] { return closing_ || !queue_.empty(); });
    if (!closing_)
      wake_.wait_for(lock, look_every, [this] { return closing_; });
    std::deque<waiting> over;
    while (!queue_.empty() && (closing_ || queue_.front().what->taken_ || queue_.front().until <= steady::now())) {
      over.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
    lock.unlock();
    for (const auto& one : over)
      give_up_on(*one.what);
    lock.lock();
    if (closing_ && queue_.empty())
      return;
  }
}

} // namespace cued::persistence
