#include "http/routes/health_clock.hpp"

#include <algorithm>

#include "actors/clock_pulse.hpp"
#include "config/settings.hpp"
#include "domain/timestamp.hpp"
#include "http/waiting.hpp"
#include "persistence/redis/shared_keys.hpp"

namespace cued::http {
namespace {

using boost::asio::awaitable;
using std::chrono::seconds;
using reading = result<persistence::shared_keys::heartbeat>;

constexpr seconds clock_stale_after{30};

/// A clock that looks seldom by configuration is not stale for it.
health_clock::state state_of(instant last_run, instant now, const config::settings& settings) {
  const auto allowed = std::max(clock_stale_after, 2 * seconds{settings.poller_interval_seconds});
  return now - last_run > allowed ? health_clock::state::stale : health_clock::state::ok;
}

std::int64_t seconds_between(instant then, instant now) { return std::chrono::floor<seconds>(now - then).count(); }

health_clock told_by_pulse(const actors::clock_pulse& pulse, instant now, const config::settings& settings) {
  health_clock out;
  const auto last = pulse.last();
  if (!last)
    return out;
  out.clock = state_of(last->last_run, now, settings);
  out.last_run = format_offset(last->last_run);
  out.seconds_ago = seconds_between(last->last_run, now);
  out.cues_last_cycle = static_cast<std::int64_t>(last->cues_processed);
  out.cycle_duration_ms = last->cycle_duration.count();
  return out;
}

health_clock told_by_redis(const reading& found, instant now, const config::settings& settings) {
  health_clock out;
  out.redis = found ? health_clock::redis_state::ok : health_clock::redis_state::error;
  if (!found || !found->last_run)
    return out;
  out.clock = state_of(*found->last_run, now, settings);
  out.last_run = *found->last_run_text;
  out.seconds_ago = seconds_between(*found->last_run, now);
  out.cues_last_cycle = found->cues_processed;
  out.cycle_duration_ms = found->cycle_duration_ms;
  return out;
}

} // namespace

awaitable<health_clock> look_at_clock(services& with, instant now) {
  if (with.shared == nullptr)
    co_return told_by_pulse(with.pulse, now, with.settings);
  const auto found = co_await answer_of<reading>([&](auto resume) { with.shared->read_heartbeat(std::move(resume)); });
  co_return told_by_redis(found, now, with.settings);
}

} // namespace cued::http
