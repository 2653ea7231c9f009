#include "http/routes/execution_handlers.hpp"
#include "http/validation/readers.hpp"
#include "http/waiting.hpp"
#include "persistence/execution_changes.hpp"
#include "persistence/executions.hpp"

/// The verdict of people on a reported outcome. Source: spec/executions.md §8.1, §8.2.
namespace cued::http {
namespace {

using boost::asio::awaitable;

/// The one answer of the API whose error has no `status` member (spec/cues.md §0).
response no_outcome_without_status(const error& e) {
  json::writer object;
  object.begin_object().key("code").string(e.code).key("message").string(e.message).end_object();
  json::writer w;
  w.begin_object().key("error").raw(object.view());
  w.key("detail").begin_object().key("error").raw(object.view()).end_object().end_object();
  return json_response(std::move(w).str(), e.status);
}

} // namespace

awaitable<result<response>> verify_execution(services& with, request& in) {
  body_reader body{in};
  const bool valid = body.boolean("valid", {.fallback = true});
  const auto reason = body.optional_text("reason");
  if (auto bad = body.problems())
    co_return fail(std::move(*bad));
  const auto id = execution_id_in(in);
  if (!id)
    co_return fail(persistence::execution_not_found());
  auto state = co_await on_database(with, [&](persistence::connection& link) {
    return persistence::give_verdict(link, in.caller.user_id, *id, valid, reason);
  });
  if (!state)
    co_return fail(std::move(state.error()));
  json::writer w;
  w.begin_object();
  w.key("execution_id").string(execution_id_as_sent(in));
  w.key("outcome_state").string(*state);
  w.key("valid").boolean(valid);
  w.key("reason").string_or_null(reason);
  w.end_object();
  co_return json_response(std::move(w).str());
}

awaitable<result<response>> park_execution(services& with, request& in) {
  const auto id = execution_id_in(in);
  if (!id)
    co_return fail(persistence::execution_not_found());
  auto parked = co_await on_database(with, [&](persistence::connection& link) {
    return persistence::park_for_verification(link, in.caller.user_id, *id);
  });
  if (!parked) {
    if (parked.error().code == "no_outcome")
      co_return no_outcome_without_status(parked.error());
    co_return fail(std::move(parked.error()));
  }
  json::writer w;
  w.begin_object();
  w.key("execution_id").string(execution_id_as_sent(in));
  w.key("outcome_state").string("verification_pending");
  w.end_object();
  co_return json_response(std::move(w).str());
}

} // namespace cued::http
