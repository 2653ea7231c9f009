#pragma once

#include <chrono>
#include <string_view>

namespace cued {

/// How long to wait before the next attempt, after attempt number `attempt` (1-based) failed.
/// `backoff_minutes_json` is the cue's column as stored: an array of minutes, of which entry `attempt - 1` counts, the
/// last one for all later attempts. An empty array means one minute; a bare number stands for an array of one; what
/// is neither means the default 1, 5, 15. Values are held within 0 and 525,600 minutes (a year), so that no row can
/// make the clock overflow. Source: spec/delivery.md §7.
[[nodiscard]] std::chrono::microseconds retry_delay(int attempt, std::string_view backoff_minutes_json);

/// The same for a cue that says it in seconds, or wants its retries spread. `backoff_seconds_json` is an array of
/// seconds by the rules above; empty, JSON null, or anything but an array with an entry: the minutes count.
/// `jitter_percent` (0 to 100) moves the delay up or down by up to that share of it, `random` in [0, 1) decides where:
/// 0 is the earliest, so that endpoints that failed together are not called again together.
[[nodiscard]] std::chrono::microseconds retry_delay(int attempt, std::string_view backoff_minutes_json,
                                                    std::string_view backoff_seconds_json, int jitter_percent,
                                                    double random);

/// True if another attempt may follow attempt number `attempt` (1-based): max_attempts counts all attempts.
[[nodiscard]] constexpr bool may_retry(int attempt, int max_attempts) { return attempt < max_attempts; }

} // namespace cued
