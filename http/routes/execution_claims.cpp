#include <chrono>

#include "actors/engine.hpp"
#include "config/settings.hpp"
#include "domain/timestamp.hpp"
#include "http/routes/claim_input.hpp"
#include "http/routes/execution_handlers.hpp"
#include "http/validation/readers.hpp"
#include "http/validation/wait_input.hpp"
#include "http/waiting.hpp"
#include "persistence/execution_changes.hpp"
#include "persistence/executions.hpp"

/// What workers do with executions before they report: look, claim, keep the claim alive; and the attestation of a
/// live session. Source: spec/executions.md §3.3, §6, §10.
namespace cued::http {
namespace {

using boost::asio::awaitable;

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

result<actors::claim_request> claim_in(const request& in) {
  body_reader body{in};
  auto wanted = read_claim(body, in);
  if (auto bad = body.problems())
    return fail(std::move(*bad));
  return wanted;
}

/// Whoever does not get it is told the same, whatever the reason (spec/executions.md §6.1).
error claim_failed() {
  return {409, "claim_failed", "The execution cannot be claimed: it is not there, not yours, or already taken", {}, {}};
}

awaitable<result<response>> claim(services& with, actors::claim_request wanted) {
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

using claimable_list = std::vector<persistence::claimable_execution>;

awaitable<result<claimable_list>> claimable_now(services& with, const request& in,
                                                const persistence::claimable_filter& filter) {
  const auto now = with.clock.now();
  co_return co_await on_database(with, [&](persistence::connection& link) {
    return persistence::claimable_executions(link, in.caller.user_id, filter, now);
  });
}

/// The list as soon as there is something in it, after `wait` as it is. The number of the news is asked for before the
/// look, so that nothing that comes between look and wait is missed.
awaitable<result<claimable_list>> claimable_within(services& with, const request& in,
                                                   const persistence::claimable_filter& filter,
                                                   std::chrono::milliseconds wait) {
  using steady = std::chrono::steady_clock;
  const auto until = steady::now() + wait;
  std::optional<std::uint64_t> seen;
  const auto is_gone = [&] { return in.hung_up && in.hung_up->load(std::memory_order_relaxed); };
  if (wait.count() > 0) {
    const auto news = co_await ask<std::uint64_t>(
        [&](auto reply) { with.engine.wait_ready(in.caller.user_id, std::nullopt, wait, std::move(reply)); });
    if (!news)
      co_return fail(news.error());
    seen = *news;
  }
  for (;;) {
    auto found = co_await claimable_now(with, in, filter);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - steady::now());
    if (!found || !found->empty() || left.count() <= 0 || !seen || is_gone())
      co_return found;
    const auto news = co_await ask<std::uint64_t>(
        [&](auto reply) { with.engine.wait_ready(in.caller.user_id, seen, left, std::move(reply)); });
    if (!news)
      co_return fail(news.error());
    if (*news == seen) // the time is up, or the server stops: one last look is not worth a statement
      co_return found;
    seen = *news;
  }
}

} // namespace

awaitable<result<response>> list_claimable(services& with, request& in) {
  query_reader query{in};
  persistence::claimable_filter filter;
  filter.task = not_empty(query.optional_text("task"));
  filter.agent = not_empty(query.optional_text("agent"));
  const auto wait = read_wait(query);
  if (auto bad = query.problems())
    co_return fail(std::move(*bad));
  auto found = co_await claimable_within(with, in, filter, wait);
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
  auto wanted = claim_in(in);
  if (!wanted)
    co_return fail(std::move(wanted.error()));
  auto id = execution_id_in(in);
  if (!id)
    co_return fail(claim_failed());
  wanted->execution_id = std::move(*id);
  co_return co_await claim(with, std::move(*wanted));
}

awaitable<result<response>> claim_next_execution(services& with, request& in) {
  auto wanted = claim_in(in);
  if (!wanted)
    co_return fail(std::move(wanted.error()));
  co_return co_await claim(with, std::move(*wanted));
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
