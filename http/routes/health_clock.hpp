#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "domain/instant.hpp"
#include "http/services.hpp"

namespace cued::http {

/// What is known of the clock and of Redis at a moment, for /health and /status. Without Redis, our clocks tell by
/// their pulse in this process; with it, the keys tell, which they write as the reference's poller does and which
/// others may write too (spec/http.md §9).
struct health_clock {
  enum class state { ok, stale, unknown };
  enum class redis_state { not_configured, ok, error };

  state clock = state::unknown;
  redis_state redis = redis_state::not_configured;
  std::string last_run; ///< as it is told; this and the rest only if the clock is not unknown
  std::int64_t seconds_ago = 0;
  std::optional<std::int64_t> cues_last_cycle, cycle_duration_ms;

  [[nodiscard]] bool is_stale() const { return clock == state::stale; }
  [[nodiscard]] bool redis_is_away() const { return redis == redis_state::error; }
};

[[nodiscard]] boost::asio::awaitable<health_clock> look_at_clock(services& with, instant now);

} // namespace cued::http
