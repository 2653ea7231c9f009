#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace cued::persistence {

/// Answers for whoever does not answer in time: a question that is not taken within `limit` (and a little) is taken by
/// this object's own thread, which calls `give_up`. Asking costs a push to a queue, and no timer of its own.
/// Callers: any thread. Destruction gives up on everything at once.
class patience {
public:
  /// Of all who want to answer, the first may.
  class question {
  public:
    explicit question(std::function<void()> give_up) : give_up_{std::move(give_up)} {}
    [[nodiscard]] bool take() {
      if (taken_.exchange(true))
        return false;
      give_up_ = nullptr; // what it holds is not needed until the queue comes to this one
      return true;
    }

  private:
    friend class patience;
    std::atomic<bool> taken_{false};
    std::function<void()> give_up_;
  };

  explicit patience(std::chrono::milliseconds limit) : limit_{limit}, thread_{[this] { watch(); }} {}
  ~patience();
  patience(const patience&) = delete;
  patience& operator=(const patience&) = delete;

  /// `give_up` is called by the watching thread, if at all. It neither blocks nor throws.
  [[nodiscard]] std::shared_ptr<question> begin(std::function<void()> give_up);

  /// Questions that were given up on, and whose answer has not come yet.
  [[nodiscard]] bool somebody_is_late() const { return late_.load() > 0; }

  /// The answer to a question that could not be taken any more came after all.
  void came_late() { --late_; }

private:
  using steady = std::chrono::steady_clock;
  struct waiting {
    steady::time_point until;
    std::shared_ptr<question> what;
  };

  void watch();
  void give_up_on(question& what);

  std::chrono::milliseconds limit_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<waiting> queue_; ///< in the order of their ends
  bool closing_ = false;
  std::atomic<int> late_{0};
  std::thread thread_;
};

} // namespace cued::persistence
