#include "actors/clock_pulse.hpp"
#include "config/settings.hpp"
#include "domain/timestamp.hpp"
#include "http/routes/health_monitor.hpp"
#include "http/routes/public_handlers.hpp"

/// GET /health and GET /status (spec/http.md §9). What the reference's poller writes to Redis, our clocks tell by their
/// pulse in this process.
namespace cued::http {
namespace {

using boost::asio::awaitable;
using std::chrono::seconds;

constexpr const char* health_version = "1.0.0"; // of the shape of this answer; tests of clients compare it
constexpr seconds clock_stale_after{30};

/// A clock that looks seldom by configuration is not stale for it.
bool is_stale(const actors::clock_pulse::reading& pulse, instant now, const config::settings& settings) {
  const auto allowed = std::max(clock_stale_after, 2 * seconds{settings.poller_interval_seconds});
  return now - pulse.last_run > allowed;
}

const char* redis_state(const config::settings& settings) {
  return settings.redis_url.empty() ? "not_configured" : "ok";
}

void write_clock(json::writer& w, const std::optional<actors::clock_pulse::reading>& pulse, instant now) {
  w.key("poller").begin_object();
  if (!pulse) {
    w.key("status").string("unknown");
  } else {
    w.key("last_run").string(format_offset(pulse->last_run));
    w.key("seconds_ago").number(std::chrono::floor<seconds>(now - pulse->last_run).count());
    w.key("cues_last_cycle").number(static_cast<std::int64_t>(pulse->cues_processed));
    w.key("cycle_duration_ms").number(pulse->cycle_duration.count());
  }
  w.end_object();
}

void write_workers(json::writer& w, const persistence::health_counts& counts) {
  w.key("workers").begin_object().key("active_count").number(counts.active_workers);
  if (counts.last_heartbeat)
    w.key("last_heartbeat").string(format_offset(*counts.last_heartbeat));
  w.end_object();
}

void write_queue(json::writer& w, const result<persistence::health_counts>& counts) {
  w.key("queue").begin_object();
  if (counts) {
    w.key("pending_outbox").number(counts->pending_outbox);
    w.key("stale_executions").number(counts->stale_executions);
    w.key("pending_retries").number(counts->pending_retries);
    w.key("pending_worker_claims").number(counts->pending_worker_claims);
  }
  w.end_object();
}

void write_notices(json::writer& w, const persistence::notice_counts& counts) {
  w.key("notices").begin_object();
  w.key("pending").number(counts.pending);
  w.key("failed").number(counts.failed);
  w.end_object();
}

} // namespace

awaitable<result<response>> show_health(services& with, request&) {
  const auto counts = co_await with.health.counts(with);
  const auto now = with.clock.now();
  const auto pulse = with.pulse.last();
  const bool stale = pulse && is_stale(*pulse, now, with.settings);

  json::writer w;
  w.begin_object();
  w.key("status").string(counts && !stale ? "healthy" : "degraded");
  w.key("version").string(health_version);
  w.key("timestamp").string(format_offset(now));
  w.key("services").begin_object();
  w.key("postgres").string(counts ? "ok" : "error");
  w.key("redis").string(redis_state(with.settings));
  w.key("poller").string(!pulse ? "unknown" : stale ? "stale" : "ok");
  w.key("worker").string(!counts ? "unknown" : counts->active_workers > 0 ? "ok" : "none");
  w.end_object();
  write_clock(w, pulse, now);
  if (counts)
    write_workers(w, *counts);
  write_queue(w, counts);
  if (counts)
    write_notices(w, counts->notices);
  w.end_object();
  co_return json_response(std::move(w).str());
}

awaitable<result<response>> show_status(services& with, request&) {
  const auto counts = co_await with.health.counts(with);
  const auto pulse = with.pulse.last();
  const bool stale = pulse && is_stale(*pulse, with.clock.now(), with.settings);

  json::writer w;
  w.begin_object().key("status").string(!counts ? "down" : stale ? "degraded" : "healthy");
  if (!counts)
    w.key("reason").string("postgres unreachable");
  else if (stale)
    w.key("reason").string("poller stale");
  w.end_object();
  co_return json_response(std::move(w).str(), counts ? 200 : 503);
}

} // namespace cued::http
