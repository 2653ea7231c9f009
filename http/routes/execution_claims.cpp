#include <chrono>

#include "actors/engine.hpp"
#include "config/settings.hpp"
#include "domain/timestamp.hpp"
#include "http/routes/execution_handlers.hpp"
#include "http/validation/readers.hpp"
#include "http/waiting.hpp"
#include "persistence/execution_changes.hpp"
#include "persistence/executions.hpp"

/// What workers do with executions before they report: look, claim, keep the claim alive; and the attestation of a
/// live session. Source: spec/executions.md §3.3, §6, §10.
namespace cued::http {
namespace {

using boost::asio::awaitable;

constexpr std::size_t worker_id_length_max = 255;     // column claimed_by_worker
constexpr std::size_t session_token_length_max = 128; // column live_claim_session_token

std::optional<std::string> not_empty(std::optional<std::string> text) {
  return text && text->empty() ? std::nullopt : std::move(text);
}

void write_claimable(json::writer& w, const persistence::claimable_execution& e) {
  w.begin_object();
  w.key("execution_id").string(e.execution_id);
  w.key("cue_id").string(e.cue_id);
  w.key("cue_name").string(e.cue_name);
  w.key("task").string_or_null(e.task);
  w.key("scheduled_for").string(format_z(e.scheduled_for));
  w.key("payload").raw(e.payload_json);
  w.key("attempt").number(e.attempts);
  w.end_object();
}

/// `{"worker_id": …}`, the body of both claim routes.
result<std::string> worker_id_in(const request& in) {
  body_reader body{in};
  auto worker_id = body.text("worker_id", {.length_min = 1, .length_max = worker_id_length_max});
  if (auto bad = body.problems())
    return fail(std::move(*bad));
  return worker_id;
}

/// Whoever does not get it is told the same, whatever the reason (spec/executions.md §6.1).
error claim_failed() {
  return {409, "claim_failed", "The execution cannot be claimed: it is not there, not yours, or already taken", {}, {}};
}

/// `execution_id` empty: whichever is next.
awaitable<result<response>> claim(services& with, const request& in, std::string execution_id, std::string worker_id) {
  actors::claim_request wanted;
  wanted.user_id = in.caller.user_id;
  wanted.execution_id = std::move(execution_id);
  wanted.worker_id = std::move(worker_id);
  auto grant =
      co_await ask<actors::claim_grant>([&](auto reply) { with.engine.claim(std::move(wanted), std::move(reply)); });
  if (!grant)
    co_return fail(std::move(grant.error()));
  json::writer w;
  w.begin_object();
  w.key("claimed").boolean(true);
  w.key("execution_id").string(grant->execution_id);
  w.key("lease_seconds").number(with.settings.worker_claim_timeout_seconds);
  w.end_object();
  co_return json_response(std::move(w).str());
}

} // namespace

awaitable<result<response>> list_claimable(services& with, request& in) {
  query_reader query{in};
  persistence::claimable_filter filter;
  filter.task = not_empty(query.optional_text("task"));
  filter.agent = not_empty(query.optional_text("agent"));
  if (auto bad = query.problems())
    co_return fail(std::move(*bad));
  const auto now = with.clock.now();
  auto found = co_await on_database(with, [&](persistence::connection& link) {
    return persistence::claimable_executions(link, in.caller.user_id, filter, now);
  });
  if (!found)
    co_return fail(std::move(found.error()));
  json::writer w;
  w.begin_object().key("executions").begin_array();
  for (const auto& execution : *found)
    write_claimable(w, execution);
  w.end_array().end_object();
  co_return json_response(std::move(w).str());
}

awaitable<result<response>> claim_execution(services& with, request& in) {
  auto worker_id = worker_id_in(in);
  if (!worker_id)
    co_return fail(std::move(worker_id.error()));
  auto id = execution_id_in(in);
  if (!id)
    co_return fail(claim_failed());
  co_return co_await claim(with, in, std::move(*id), std::move(*worker_id));
}

awaitable<result<response>> claim_next_execution(services& with, request& in) {
  auto worker_id = worker_id_in(in);
  if (!worker_id)
    co_return fail(std::move(worker_id.error()));
  co_return co_await claim(with, in, "", std::move(*worker_id));
}

awaitable<result<response>> heartbeat_execution(services& with, request& in) {
  const auto id = execution_id_in(in);
  if (!id)
    co_return fail(persistence::execution_not_found());
  const auto* named = in.header("X-Worker-Id");
  const auto worker_id = named && !named->empty() ? std::optional{*named} : std::nullopt;
  const auto now = with.clock.now();
  auto recorded = co_await on_database(with, [&](persistence::connection& link) {
    return persistence::record_heartbeat(link, in.caller.user_id, *id, worker_id, now);
  });
  if (!recorded)
    co_return fail(std::move(recorded.error()));
  const auto until = now + std::chrono::seconds{with.settings.worker_claim_timeout_seconds};
  json::writer w;
  w.begin_object();
  w.key("execution_id").string(execution_id_as_sent(in));
  w.key("lease_extended_until").string(format_offset(until));
  w.key("acknowledged").boolean(true);
  w.end_object();
  co_return json_response(std::move(w).str());
}

awaitable<result<response>> live_claim_execution(services& with, request& in) {
  body_reader body{in};
  const auto session_token = body.text("session_token", {.length_max = session_token_length_max});
  if (auto bad = body.problems())
    co_return fail(std::move(*bad));
  const auto id = execution_id_in(in);
  if (!id)
    co_return fail(persistence::execution_not_found());
  const auto now = with.clock.now();
  auto attested_at = co_await on_database(with, [&](persistence::connection& link) {
    return persistence::attest_live_claim(link, in.caller.user_id, *id, session_token, now);
  });
  if (!attested_at)
    co_return fail(std::move(attested_at.error()));
  json::writer w;
  w.begin_object();
  w.key("attested").boolean(true);
  w.key("execution_id").string(*id);
  w.key("live_claimed_at").string(format_z(*attested_at));
  w.end_object();
  co_return json_response(std::move(w).str());
}

} // namespace cued::http
