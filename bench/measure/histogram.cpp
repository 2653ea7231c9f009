#include "bench/measure/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace cued::bench {
namespace {

/// 256 steps in each power of two: values below 256 µs are exact, above that better than 1/128.
constexpr unsigned step_bits = 8;
constexpr std::uint64_t steps_of_a_half = 1u << (step_bits - 1);
constexpr std::uint64_t longest_us = std::uint64_t{3600} * 1'000'000;

std::size_t bucket_of(std::uint64_t us) {
  const unsigned width = static_cast<unsigned>(std::bit_width(us));
  if (width <= step_bits)
    return us;
  const unsigned shift = width - step_bits;
  return shift * steps_of_a_half + (us >> shift);
}

/// The largest value that falls into the bucket.
std::uint64_t end_of(std::size_t bucket) {
  if (bucket < 2 * steps_of_a_half)
    return bucket;
  const auto shift = bucket / steps_of_a_half - 1;
  const auto step = bucket - shift * steps_of_a_half;
  return ((step + 1) << shift) - 1;
}

} // namespace

histogram::histogram() : buckets_(bucket_of(longest_us) + 1) {}

void histogram::record(microseconds value, std::uint64_t times) {
  const auto us = std::clamp<std::int64_t>(value.count(), 0, longest_us);
  buckets_[bucket_of(static_cast<std::uint64_t>(us))] += times;
  count_ += times;
  sum_us_ += static_cast<std::uint64_t>(us) * times;
  max_ = std::max(max_, microseconds{us});
}

void histogram::record_corrected(microseconds value, microseconds expected_interval) {
  record(value);
  if (expected_interval <= microseconds{0})
    return;
  for (auto missed = value - expected_interval; missed >= expected_interval; missed -= expected_interval)
    record(missed);
}

void histogram::merge(const histogram& other) {
  for (std::size_t i = 0; i < buckets_.size(); ++i)
    buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  sum_us_ += other.sum_us_;
  max_ = std::max(max_, other.max_);
}

histogram::microseconds histogram::mean() const {
  return microseconds{count_ == 0 ? 0 : static_cast<std::int64_t>(sum_us_ / count_)};
}

histogram::microseconds histogram::percentile(double percent) const {
  const auto wanted = static_cast<std::uint64_t>(std::ceil(static_cast<double>(count_) * percent / 100.0));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (buckets_[i] != 0 && seen >= wanted)
      return std::min(microseconds{static_cast<std::int64_t>(end_of(i))}, max_);
  }
  return microseconds{0};
}

std::vector<histogram::step> histogram::steps() const {
  std::vector<step> out;
  for (std::size_t i = 0; i < buckets_.size(); ++i)
    if (buckets_[i] != 0)
      out.push_back({microseconds{static_cast<std::int64_t>(end_of(i))}, buckets_[i]});
  return out;
}

} // namespace cued::bench
