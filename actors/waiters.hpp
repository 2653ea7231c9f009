#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace cued::actors {

/// Who waits in an actor that is in its store, and may not come back from there. The actor says before each statement
/// how they are let go, and stays away from what that touches until the statement is over; its supervisor lets them go
/// when it gives the actor's place away. Dropped requests are answered with 503 by their replies (actors/reply.hpp).
/// Thread: the actor's and the supervisor's.
class waiters {
public:
  /// An actor in its store. `release` drops or hands over all that waits in it; called once at most, by another thread.
  class in_store {
  public:
    in_store(std::shared_ptr<waiters> of, std::function<void()> release) : of_{std::move(of)} {
      const std::lock_guard lock{of_->mutex_};
      of_->release_ = std::move(release);
    }
    ~in_store() { come_back(); }
    in_store(const in_store&) = delete;
    in_store& operator=(const in_store&) = delete;

    /// From here on the actor has to itself what is left. True if that is nothing: the place was given away.
    bool come_back() {
      const std::lock_guard lock{of_->mutex_};
      of_->release_ = nullptr;
      return of_->let_go_;
    }

  private:
    std::shared_ptr<waiters> of_;
  };

  void let_go() {
    const std::lock_guard lock{mutex_};
    let_go_ = true;
    if (const auto release = std::exchange(release_, nullptr))
      release();
  }

private:
  std::mutex mutex_;
  std::function<void()> release_; ///< set while the actor is in its store
  bool let_go_ = false;
};

} // namespace cued::actors
