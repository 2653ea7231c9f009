#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

namespace cued::bench {

/// A high dynamic range histogram of durations: log-linear buckets, a value is kept to better than 1 %, from 1 µs to
/// about an hour (longer ones count as an hour). Recording is an increment, merging is an addition, so percentiles are
/// of all values and never averages of percentiles. Not thread-safe; one per thread, merged at the end.
/// Source: G. Tene, HdrHistogram.
class histogram {
public:
  using microseconds = std::chrono::microseconds;

  histogram();

  void record(microseconds value, std::uint64_t times = 1);

  /// Corrects for coordinated omission where the load waited for a late answer instead of sending on: a value longer
  /// than the interval at which requests were meant to go out stands for those that were not sent meanwhile, which
  /// would have seen value - interval, value - 2 * interval, …
  void record_corrected(microseconds value, microseconds expected_interval);

  void merge(const histogram& other);

  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] microseconds max() const { return max_; }
  [[nodiscard]] microseconds mean() const;

  /// The smallest value that at least `percent` of all do not exceed; zero when there are none.
  [[nodiscard]] microseconds percentile(double percent) const;

  struct step {
    microseconds up_to;
    std::uint64_t count = 0;
  };
  /// Buckets that hold something, in order: what a plot or a file needs.
  [[nodiscard]] std::vector<step> steps() const;

private:
  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
  std::uint64_t sum_us_ = 0;
  microseconds max_{0};
};

} // namespace cued::bench
