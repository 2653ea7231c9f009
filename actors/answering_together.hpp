#pragma once

#include <memory>
#include <utility>
#include <vector>

namespace cued::actors {

/// A thread that sleeps until somebody has something for it.
class sleeper {
public:
  virtual ~sleeper() = default;
  virtual void wake() = 0; ///< from any thread; must not throw
};

/// While one of these lives on a thread, the threads that its answers are for are not woken for each, but at the end
/// and once each. For whoever gives the answers of a batch; to be held while they are given and no longer, because
/// everybody else's answers for the same threads wait for it too.
class answering_together {
public:
  answering_together() : outer_{std::exchange(innermost(), this)} {}
  ~answering_together() {
    innermost() = outer_;
    for (const auto& one : put_off_)
      one->wake();
  }
  answering_together(const answering_together&) = delete;
  answering_together& operator=(const answering_together&) = delete;

  /// Wakes `whom` now, or when the answers that this thread is giving are complete.
  static void wake(std::shared_ptr<sleeper> whom) {
    if (auto* batch = innermost())
      batch->put_off_.push_back(std::move(whom));
    else
      whom->wake();
  }

private:
  static answering_together*& innermost() {
    thread_local answering_together* of_this_thread = nullptr;
    return of_this_thread;
  }

  answering_together* outer_;
  std::vector<std::shared_ptr<sleeper>> put_off_;
};

} // namespace cued::actors
