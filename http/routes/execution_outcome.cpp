#include <string_view>

#include "actors/engine.hpp"
#include "http/routes/execution_handlers.hpp"
#include "http/routes/outcome_input.hpp"
#include "http/validation/readers.hpp"
#include "http/waiting.hpp"
#include "persistence/execution_changes.hpp"
#include "persistence/executions.hpp"

/// What came of an execution: the report of its handler, and evidence added later.
/// Source: spec/executions.md §5, §8.3.
namespace cued::http {
namespace {

using boost::asio::awaitable;

constexpr std::size_t patched_url_length_max = 8192; ///< any text, but not any length

// -- evidence: free JSON in, and only what says something is applied -------

bool is_zero(std::string_view number) {
  const auto digits = number.substr(0, number.find_first_of("eE"));
  return digits.find_first_of("123456789") == std::string_view::npos;
}

/// null, false, 0, "", [], {}: skipped.
bool says_something(const json::value& v) {
  switch (v.kind()) {
  case json::kind::null:
    return false;
  case json::kind::boolean:
    return v.as_boolean();
  case json::kind::number:
    return !is_zero(v.number_text());
  case json::kind::string:
    return !v.as_string().empty();
  case json::kind::array:
    return !v.items().empty();
  case json::kind::object:
    return !v.members().empty();
  }
  return false;
}

const json::value* given(body_reader& body, std::string_view name) {
  const auto* v = body.free_value(name);
  return v && says_something(*v) ? v : nullptr;
}

std::optional<std::string> given_text(body_reader& body, std::string_view name, std::size_t length_max) {
  return given(body, name) ? body.optional_text(name, {.length_max = length_max}) : std::nullopt;
}

std::optional<std::string> given_json(body_reader& body, std::string_view name) {
  const auto* v = given(body, name);
  return v ? std::optional{json::compact(*v)} : std::nullopt;
}

/// The first `length_max` code points of valid UTF-8.
std::string first_characters(std::string text, std::size_t length_max) {
  constexpr unsigned char continuation_mask = 0xC0, continuation = 0x80;
  std::size_t characters = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool begins = (static_cast<unsigned char>(text[i]) & continuation_mask) != continuation;
    if (begins && ++characters > length_max) {
      text.resize(i);
      break;
    }
  }
  return text;
}

/// Any JSON, as text; longer ones are cut, not refused.
std::optional<std::string> given_summary(body_reader& body) {
  const auto* v = given(body, "summary");
  if (!v)
    return std::nullopt;
  return first_characters(v->kind() == json::kind::string ? v->as_string() : json::compact(*v), summary_length_max);
}

persistence::evidence_patch read_evidence(body_reader& body) {
  persistence::evidence_patch patch;
  patch.external_id = given_text(body, "external_id", external_id_length_max);
  patch.result_url = given_text(body, "result_url", patched_url_length_max);
  patch.result_ref = given_text(body, "result_ref", result_ref_length_max);
  patch.result_type = given_text(body, "result_type", result_type_length_max);
  patch.summary = given_summary(body);
  patch.artifacts_json = given_json(body, "artifacts");
  patch.metadata_json = given_json(body, "metadata");
  return patch;
}

} // namespace

awaitable<result<response>> report_outcome(services& with, request& in) {
  body_reader body{in};
  auto report = read_outcome(body);
  if (auto bad = body.problems())
    co_return fail(std::move(*bad));
  auto id = execution_id_in(in);
  if (!id)
    co_return fail(persistence::execution_not_found());
  report.user_id = in.caller.user_id;
  report.execution_id = std::move(*id);
  auto receipt = co_await ask<actors::outcome_receipt>(
      [&](auto reply) { with.engine.report_outcome(std::move(report), std::move(reply)); });
  if (!receipt)
    co_return fail(std::move(receipt.error()));
  json::writer w;
  w.begin_object();
  w.key("execution_id").string(execution_id_as_sent(in));
  w.key("outcome_recorded").boolean(true);
  w.key("outcome_state").string(receipt->outcome_state);
  w.key("reason").null();
  w.end_object();
  co_return json_response(std::move(w).str());
}

awaitable<result<response>> add_execution_evidence(services& with, request& in) {
  body_reader body{in};
  const auto patch = read_evidence(body);
  if (auto bad = body.problems())
    co_return fail(std::move(*bad));
  const auto id = execution_id_in(in);
  if (!id)
    co_return fail(persistence::execution_not_found());
  auto state = co_await on_database(with, [&](persistence::connection& link) {
    return persistence::add_evidence(link, in.caller.user_id, *id, patch);
  });
  if (!state)
    co_return fail(std::move(state.error()));
  json::writer w;
  w.begin_object();
  w.key("execution_id").string(execution_id_as_sent(in));
  w.key("outcome_state").string_or_null(*state);
  w.key("evidence_updated").boolean(true);
  w.end_object();
  co_return json_response(std::move(w).str());
}

} // namespace cued::http
