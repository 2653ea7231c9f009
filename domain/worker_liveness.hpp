#pragma once

#include <cstdint>
#include <string_view>

#include "domain/instant.hpp"

/// How alive a worker looks, judged by its last heartbeat (spec/workers.md §3). The two borders are constants of the
/// wire, not the settings that release claims.
namespace cued {

inline constexpr std::int64_t worker_active_limit_seconds = 180;
inline constexpr std::int64_t worker_stale_limit_seconds = 900;

/// Whole seconds, truncated toward zero; negative when the heartbeat lies in the future.
[[nodiscard]] constexpr std::int64_t seconds_since(instant heartbeat, instant now) {
  return std::chrono::duration_cast<std::chrono::seconds>(now - heartbeat).count();
}

/// `active`, `stale` or `dead`.
[[nodiscard]] constexpr std::string_view heartbeat_status(std::int64_t seconds_since_heartbeat) {
  if (seconds_since_heartbeat < worker_active_limit_seconds)
    return "active";
  return seconds_since_heartbeat < worker_stale_limit_seconds ? "stale" : "dead";
}

} // namespace cued
