#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>

#include "domain/instant.hpp"

namespace cued::actors {

/// What the clock last did: written by the cue clocks at each look at the database, read by /health.
/// Thread: any. Source: the reference's keys `poller:*`, spec/http.md §9.
class clock_pulse {
public:
  struct reading {
    instant last_run;
    std::size_t cues_processed = 0;
    std::chrono::milliseconds cycle_duration{0};
  };

  void beat(instant now, std::size_t cues_processed, std::chrono::milliseconds cycle_duration) {
    const reading beat{now, cues_processed, cycle_duration};
    {
      const std::lock_guard lock{mutex_};
      last_ = beat;
    }
    if (observer_)
      observer_(beat);
  }

  /// Who is told of each beat, on the clock's thread, so he must not block. Before the first beat.
  void on_beat(std::function<void(const reading&)> observer) { observer_ = std::move(observer); }

  /// Nothing before the first beat.
  [[nodiscard]] std::optional<reading> last() const {
    const std::lock_guard lock{mutex_};
    return last_;
  }

private:
  mutable std::mutex mutex_;
  std::optional<reading> last_;
  std::function<void(const reading&)> observer_;
};

} // namespace cued::actors
