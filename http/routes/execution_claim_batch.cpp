#include "actors/engine.hpp"
#include "config/settings.hpp"
#include "domain/timestamp.hpp"
#include "http/routes/claim_input.hpp"
#include "http/routes/execution_handlers.hpp"
#include "http/waiting.hpp"

/// `POST /v1/executions/claim-batch`: the oldest executions that are ready, many at once, with all that it takes to run
/// them. One at a time: spec/executions.md §6.2.
namespace cued::http {
namespace {

using boost::asio::awaitable;

constexpr integer_rules how_many{.min = 1, .max = 1000, .fallback = 100};

struct batch_input {
  actors::claim_request wanted;
  std::size_t at_most = 0;
};

result<batch_input> read_input(const request& in) {
  body_reader body{in};
  batch_input given;
  given.wanted = read_claim(body, in);
  given.wanted.with_work = true;
  given.at_most = static_cast<std::size_t>(body.integer("max", how_many));
  if (auto bad = body.problems())
    return fail(std::move(*bad));
  return given;
}

/// The members of spec/executions.md §3.3, which shows an execution as it is before it is claimed: `attempt` does not
/// count this claim.
void write_claimed(json::writer& w, const persistence::claimed_work& work) {
  w.begin_object();
  w.key("execution_id").string(work.execution_id);
  w.key("cue_id").string(work.cue_id);
  w.key("cue_name").string(work.cue_name);
  w.key("task").string_or_null(work.task);
  w.key("scheduled_for").string(format_z(work.scheduled_for));
  w.key("payload").raw(work.payload_json);
  w.key("attempt").number(work.attempts - 1);
  w.end_object();
}

response answer_of(const actors::claim_grants& won, int lease_seconds) {
  json::writer w;
  w.begin_object();
  w.key("claimed").number(static_cast<std::int64_t>(won.size()));
  w.key("lease_seconds").number(lease_seconds);
  w.key("executions").begin_array();
  for (const auto& one : won)
    write_claimed(w, one.work.value());
  w.end_array().end_object();
  return json_response(std::move(w).str());
}

} // namespace

awaitable<result<response>> claim_executions(services& with, request& in) {
  auto given = read_input(in);
  if (!given)
    co_return fail(std::move(given.error()));
  const auto won = co_await ask<actors::claim_grants>(
      [&](auto reply) { with.engine.claim_many(std::move(given->wanted), given->at_most, std::move(reply)); });
  if (!won)
    co_return fail(won.error());
  co_return answer_of(*won, with.settings.worker_claim_timeout_seconds);
}

} // namespace cued::http
