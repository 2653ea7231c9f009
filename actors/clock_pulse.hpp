#pragma once

#include <chrono>
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
    const std::lock_guard lock{mutex_};
    last_ = reading{now, cues_processed, cycle_duration};
  }

  /// Nothing before the first beat.
  [[nodiscard]] std::optional<reading> last() const {
    const std::lock_guard lock{mutex_};
    return last_;
  }

private:
  mutable std::mutex mutex_;
  std::optional<reading> last_;
};

} // namespace cued::actors
