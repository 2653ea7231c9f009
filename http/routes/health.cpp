#include "actors/engine.hpp"
#include "domain/timestamp.hpp"
#include "http/routes/health_clock.hpp"
#include "http/routes/health_monitor.hpp"
#include "http/routes/public_handlers.hpp"
#include "persistence/node_seat.hpp"

/// GET /health and GET /status (spec/http.md §9).
namespace cued::http {
namespace {

using boost::asio::awaitable;

constexpr const char* health_version = "1.0.0"; // of the shape of this answer; tests of clients compare it
const char* name_of(health_clock::redis_state state) {
  switch (state) {
  case health_clock::redis_state::not_configured:
    return "not_configured";
  case health_clock::redis_state::ok:
    return "ok";
  case health_clock::redis_state::error:
    break;
  }
  return "error";
}

const char* name_of(health_clock::state state) {
  switch (state) {
  case health_clock::state::ok:
    return "ok";
  case health_clock::state::stale:
    return "stale";
  case health_clock::state::unknown:
    break;
  }
  return "unknown";
}

void write_clock(json::writer& w, const health_clock& clock) {
  w.key("poller").begin_object();
  if (clock.clock == health_clock::state::unknown) {
    w.key("status").string("unknown");
  } else {
    w.key("last_run").string(clock.last_run);
    w.key("seconds_ago").number(clock.seconds_ago);
    if (clock.cues_last_cycle)
      w.key("cues_last_cycle").number(*clock.cues_last_cycle);
    if (clock.cycle_duration_ms)
      w.key("cycle_duration_ms").number(*clock.cycle_duration_ms);
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

void write_engine(json::writer& w, const std::vector<actors::member_trouble>& troubles) {
  w.key("engine").begin_object();
  w.key("status").string(troubles.empty() ? "ok" : "degraded");
  w.key("troubled").begin_array();
  for (const auto& one : troubles) {
    w.begin_object();
    w.key("member").string(one.member);
    w.key("state").string(name_of(one.what));
    if (one.what == actors::member_trouble::state::restarting)
      w.key("deaths").number(static_cast<std::int64_t>(one.deaths));
    else
      w.key("seconds").number(static_cast<std::int64_t>(one.for_so_long.count()));
    w.end_object();
  }
  w.end_array().end_object();
}

/// As this node last saw them.
void write_nodes(json::writer& w, const persistence::node_seat& seat) {
  const auto silent = std::chrono::steady_clock::now() - seat.renewed_at();
  w.key("nodes").begin_object();
  w.key("living").number(static_cast<std::int64_t>(seat.living()));
  w.key("epoch").number(seat.epoch());
  w.key("renewed_seconds_ago").number(std::chrono::floor<std::chrono::seconds>(silent).count());
  w.end_object();
}

} // namespace

awaitable<result<response>> show_health(services& with, request&) {
  const auto counts = co_await with.health.counts(with);
  const auto now = with.clock.now();
  const auto clock = co_await look_at_clock(with, now);
  const auto troubles = with.engine.troubles();
  const bool postgres_works =
      counts && !persistence::postgres_is_short_of_resources() && !persistence::postgres_refuses_our_statements();
  const bool well = postgres_works && !clock.is_stale() && !clock.redis_is_away() && troubles.empty();

  json::writer w;
  w.begin_object();
  w.key("status").string(well ? "healthy" : "degraded");
  w.key("version").string(health_version);
  w.key("timestamp").string(format_offset(now));
  w.key("services").begin_object();
  w.key("postgres").string(postgres_works ? "ok" : "error");
  w.key("redis").string(name_of(clock.redis));
  w.key("poller").string(name_of(clock.clock));
  w.key("worker").string(!counts ? "unknown" : counts->active_workers > 0 ? "ok" : "none");
  w.end_object();
  if (!clock.redis_is_away())
    write_clock(w, clock);
  if (counts)
    write_workers(w, *counts);
  write_queue(w, counts);
  if (counts)
    write_notices(w, counts->notices);
  write_engine(w, troubles);
  if (with.seat != nullptr)
    write_nodes(w, *with.seat);
  w.end_object();
  co_return json_response(std::move(w).str());
}

awaitable<result<response>> show_status(services& with, request&) {
  const auto counts = co_await with.health.counts(with);
  const auto clock = co_await look_at_clock(with, with.clock.now());
  const bool down = !counts || clock.redis_is_away();
  const bool troubled = !with.engine.troubles().empty();
  const bool short_of_resources = persistence::postgres_is_short_of_resources();
  const bool refused = persistence::postgres_refuses_our_statements();

  json::writer w;
  const bool degraded = clock.is_stale() || troubled || short_of_resources || refused;
  w.begin_object().key("status").string(down ? "down" : degraded ? "degraded" : "healthy");
  if (refused)
    w.key("reason").string("postgres refuses statements");
  else if (!counts)
    w.key("reason").string("postgres unreachable");
  else if (clock.redis_is_away())
    w.key("reason").string("redis unreachable");
  else if (clock.is_stale())
    w.key("reason").string("poller stale");
  else if (short_of_resources)
    w.key("reason").string("postgres short of resources");
  else if (troubled)
    w.key("reason").string("engine degraded");
  w.end_object();
  co_return json_response(std::move(w).str(), down ? 503 : 200);
}

} // namespace cued::http
