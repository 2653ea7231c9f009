#include <optional>
#include <string>
#include <vector>

#include "actors/engine.hpp"
#include "domain/identifiers.hpp"
#include "http/middleware/error_envelope.hpp"
#include "http/routes/execution_handlers.hpp"
#include "http/routes/outcome_input.hpp"
#include "http/waiting.hpp"
#include "persistence/executions.hpp"

/// `POST /v1/executions/outcome-batch`: what came of many executions, each judged as if it had been reported alone
/// (spec/executions.md §5). One that is wrong harms no other.
namespace cued::http {
namespace {

using boost::asio::awaitable;

constexpr std::size_t outcomes_at_most = 1000;

/// One of the list: what was sent, and why it was refused before it came to the engine, or else which of the engine's
/// answers is about it.
struct item {
  std::optional<std::string> id_as_sent; ///< nothing where it was no text
  std::optional<error> refused;
  std::size_t receipt = 0;
};

struct batch_input {
  std::vector<item> items;
  std::vector<actors::outcome_report> reports;
};

std::optional<std::string> id_as_sent(const json::value& sent) {
  const auto* id = sent.kind() == json::kind::object ? sent.find("execution_id") : nullptr;
  if (!id || id->kind() != json::kind::string || json::holds_lone_surrogate(*id))
    return std::nullopt;
  return id->as_string();
}

/// The same checks in the same order as if it were the body of a request of its own.
item read_item(const json::value& sent, const std::string& field, const std::string& user_id,
               std::vector<actors::outcome_report>& reports) {
  problem_list problems;
  auto reader = value_reader{sent, field, problems}.object();
  const auto id = reader.text("execution_id");
  auto report = read_outcome(reader);
  item one;
  one.id_as_sent = id_as_sent(sent);
  one.refused = problems.as_error();
  if (one.refused)
    return one;
  auto canonical = canonical_uuid(id);
  if (!canonical) {
    one.refused = persistence::execution_not_found();
    return one;
  }
  report.user_id = user_id;
  report.execution_id = std::move(*canonical);
  one.receipt = reports.size();
  reports.push_back(std::move(report));
  return one;
}

result<batch_input> read_input(const request& in) {
  body_reader body{in};
  const auto outcomes = body.list("outcomes");
  if (!outcomes && !body.is_void())
    body.reject("outcomes", "Field required");
  if (outcomes && body.clean() && (outcomes->empty() || outcomes->size() > outcomes_at_most))
    body.reject("outcomes", "List should have 1 to " + std::to_string(outcomes_at_most) + " items");
  if (auto bad = body.problems())
    return fail(std::move(*bad));
  batch_input given;
  given.items.reserve(outcomes->size());
  given.reports.reserve(outcomes->size());
  for (const auto& sent : *outcomes)
    given.items.push_back(
        read_item(sent.raw(), "body.outcomes." + std::to_string(given.items.size()), in.caller.user_id, given.reports));
  return given;
}

void write_result(json::writer& w, const item& one, const actors::outcome_receipts& receipts) {
  const auto* refused = one.refused ? &*one.refused : nullptr;
  if (!refused && !receipts[one.receipt])
    refused = &receipts[one.receipt].error();
  w.begin_object();
  w.key("execution_id").string_or_null(one.id_as_sent);
  w.key("outcome_recorded").boolean(!refused);
  if (refused) {
    write_error(w.key("error"), *refused);
  } else {
    w.key("outcome_state").string(receipts[one.receipt]->outcome_state);
    w.key("reason").null();
  }
  w.end_object();
}

response answer_of(const std::vector<item>& items, const actors::outcome_receipts& receipts) {
  json::writer w;
  w.begin_object().key("results").begin_array();
  for (const auto& one : items)
    write_result(w, one, receipts);
  w.end_array().end_object();
  return json_response(std::move(w).str());
}

} // namespace

awaitable<result<response>> report_outcomes(services& with, request& in) {
  auto given = read_input(in);
  if (!given)
    co_return fail(std::move(given.error()));
  const auto receipts = co_await ask<actors::outcome_receipts>(
      [&](auto reply) { with.engine.report_outcomes(std::move(given->reports), std::move(reply)); });
  if (!receipts)
    co_return fail(receipts.error());
  co_return answer_of(given->items, *receipts);
}

} // namespace cued::http
