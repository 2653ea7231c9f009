#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "bench/scenario.hpp"

/// What is derived from a measurement, in one place for all reports. Nothing where it would be a division by nothing or
/// was never measured (the server is not ours, its database unknown).
namespace cued::bench {

struct costs {
  std::optional<double> commits_per_operation, wal_bytes_per_operation, wal_syncs_per_operation;
  std::optional<double> hot_share; ///< of the updates of executions
  std::optional<double> server_us_per_operation, postgres_us_per_operation,
      load_us_per_operation; ///< of processor time
};
[[nodiscard]] costs costs_of(const measurement& m);

/// Seven digits are no information: 18423.7 is `18,424`, 0.01234 is `0.0123`.
[[nodiscard]] std::string short_number(double value);
/// `340 µs`, `1.25 ms`, `2.4 s`.
[[nodiscard]] std::string short_duration(std::chrono::microseconds value);
/// `812 kB`, `3.4 MB`.
[[nodiscard]] std::string short_bytes(double bytes);

} // namespace cued::bench
