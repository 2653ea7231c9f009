#pragma once

#include <atomic>
#include <chrono>
#include <optional>

namespace cued::actors {

/// Since when an actor has been at one piece of work: a message, or one statement of a long one. Written by the actor,
/// read by whoever watches it. Thread: any.
class vital_sign {
public:
  using time_point = std::chrono::steady_clock::time_point;

  void works(time_point now) { since_.store(now.time_since_epoch().count(), std::memory_order_relaxed); }
  void rests() { since_.store(resting, std::memory_order_relaxed); }

  /// Nothing while it waits for a message.
  [[nodiscard]] std::optional<time_point> busy_since() const {
    const auto since = since_.load(std::memory_order_relaxed);
    return since == resting ? std::nullopt : std::optional{time_point{time_point::duration{since}}};
  }

private:
  static constexpr time_point::rep resting = time_point::min().time_since_epoch().count();

  std::atomic<time_point::rep> since_{resting};
};

} // namespace cued::actors
