#include <utility>

#include "actors/engine.hpp"
#include "config/settings.hpp"
#include "http/routes/cue_handlers.hpp"
#include "http/routes/cue_input.hpp"
#include "http/routes/cue_json.hpp"
#include "http/url_check.hpp"
#include "http/waiting.hpp"
#include "persistence/cue_changes.hpp"
#include "persistence/workers.hpp"
#include "security/random.hpp"

/// `POST /v1/cues`. Source: spec/cues.md §3.
namespace cued::http {
namespace {

using boost::asio::awaitable;

constexpr const char* no_active_workers =
    "No active workers found for your account. Executions of this cue wait until one sends a heartbeat.";

struct cue_input {
  std::string name;
  std::optional<std::string> description;
  schedule_request schedule;
  std::string transport;
  callback_input callback;
  const json::value* payload = nullptr;
  persistence::cue_retry retry;
  policy_input policies;
  failure_input on_failure;
  std::optional<std::string> verification_mode;
};

const json::value* text_member(const json::value& body, std::string_view name) {
  const auto* found = body.find(name);
  return found && found->kind() == json::kind::string ? found : nullptr;
}

bool has_value(const json::value& body, std::string_view name) {
  const auto* found = body.find(name);
  return found && !found->is_null();
}

/// The flat form that a tool for agents sends (`cron` or `at`, `timezone`, `callback_url`, `worker` at top level),
/// turned into the nested one. Nothing for any other body: that is judged as it is. Source: spec/clients.md §9.1 #1.
std::optional<json::value> nested(const json::value& body) {
  if (body.kind() != json::kind::object || has_value(body, "schedule"))
    return std::nullopt;
  const auto* cron = text_member(body, "cron");
  const auto* at = text_member(body, "at");
  if ((cron == nullptr) == (at == nullptr))
    return std::nullopt;

  std::vector<json::member> schedule{{"type", json::value::string(cron ? "recurring" : "once")},
                                     {cron ? "cron" : "at", cron ? *cron : *at}};
  if (has_value(body, "timezone"))
    schedule.push_back({"timezone", *body.find("timezone")});
  std::vector<json::member> members;
  for (const auto& one : body.members())
    if (one.name != "schedule")
      members.push_back(one);
  members.push_back({"schedule", json::value::object(std::move(schedule))});
  if (has_value(body, "callback_url") && !has_value(body, "callback")) {
    std::erase_if(members, [](const json::member& one) { return one.name == "callback"; });
    members.push_back({"callback", json::value::object({{"url", *body.find("callback_url")}})});
  }
  const auto* worker = body.find("worker");
  if (worker && *worker == json::value::boolean(true) && !body.find("transport"))
    members.push_back({"transport", json::value::string("worker")});
  return json::value::object(std::move(members));
}

result<cue_input> read_input(const request& in) {
  body_reader body{in};
  cue_input given;
  given.name = body.text("name", {.length_max = cue_name_length_max});
  given.description = body.optional_text("description");
  auto schedule = body.object("schedule");
  given.schedule = read_schedule(schedule);
  given.transport = body.choice("transport", {.of = {"webhook", "worker"}, .fallback = "webhook"});
  if (auto callback = body.optional_object("callback"))
    given.callback = read_callback(*callback, misplaced_transport::refused);
  given.payload = body.free_object("payload", null_characters::allowed);
  if (auto retry = body.optional_object("retry"))
    given.retry = read_retry(*retry);
  if (auto on_failure = body.optional_object("on_failure"))
    given.on_failure = read_failure_rules(*on_failure);
  if (auto verification = body.optional_object("verification"))
    given.verification_mode = read_verification_mode(*verification);
  given.policies = read_policies(body);
  if (body.clean() && given.transport == "webhook" && !given.callback.url)
    body.value_error("callback.url is required when transport is 'webhook'");
  if (auto bad = body.problems())
    return fail(std::move(*bad));
  return given;
}

/// Checks 3 to 8 of spec/cues.md §3.2, in that order.
awaitable<result<persistence::new_cue>> judge(services& with, const request& in, const cue_input& given) {
  const auto& user_id = in.caller.user_id;
  if (given.callback.url) { // a worker cue may have one; it is never called, and judged all the same
    auto allowed = co_await check_url(with, *given.callback.url, user_id);
    if (!allowed)
      co_return fail(std::move(allowed.error()));
  }
  auto payload = storable_payload(given.payload);
  if (!payload)
    co_return fail(std::move(payload.error()));
  persistence::new_cue cue;
  cue.id = security::new_cue_id(with.random);
  auto planned = plan_schedule(given.schedule, cron_seed(cue.id), with.clock.now(), overlap_policy(with));
  if (!planned)
    co_return fail(std::move(planned.error()));
  auto allowed = co_await check_failure_webhook(with, given.on_failure, user_id);
  if (!allowed)
    co_return fail(std::move(allowed.error()));

  cue.user_id = user_id;
  cue.name = given.name;
  cue.description = given.description;
  cue.transport = given.transport;
  cue.schedule = {std::string{to_string(planned->schedule.type)}, planned->schedule.cron, planned->schedule.at,
                  planned->schedule.timezone};
  cue.callback_url = given.callback.url;
  cue.callback_method = given.callback.method;
  cue.callback_headers_json = given.callback.headers_json;
  cue.payload_json = std::move(*payload);
  cue.retry = given.retry;
  cue.policies = {given.policies.catch_up, given.policies.catch_up_window_seconds, given.policies.overlap,
                  given.policies.outcome_deadline_seconds.value_or(std::nullopt)};
  cue.on_failure_json = given.on_failure.json();
  cue.verification_mode = given.verification_mode;
  cue.next_run = planned->next_run;
  co_return cue;
}

struct created_cue {
  persistence::cue_row cue;
  std::optional<std::string> warning;
};

result<created_cue> store(persistence::connection& link, const persistence::new_cue& cue,
                          std::optional<int> active_limit, instant heard_since) {
  auto row = persistence::create_cue(link, cue, active_limit);
  if (!row)
    return fail(std::move(row.error()));
  created_cue made{std::move(*row), std::nullopt};
  if (cue.transport == "worker") {
    // The cue is there already; not knowing about its workers is no reason to say otherwise.
    const auto active = persistence::has_active_worker(link, cue.user_id, heard_since);
    if (active && !*active)
      made.warning = no_active_workers;
  }
  return made;
}

} // namespace

awaitable<result<response>> create_cue(services& with, request& in) {
  if (auto flat = in.json ? nested(*in.json) : std::nullopt)
    in.json = std::move(flat);
  auto given = read_input(in);
  if (!given)
    co_return fail(std::move(given.error()));
  const auto active_limit =
      with.settings.disable_quota_enforcement ? std::nullopt : std::optional{in.caller.active_cue_limit};

  auto cue = co_await judge(with, in, *given);
  if (!cue) {
    // Name and limit come first in the order of refusals, but only a refused cue needs them before it is stored.
    const auto admitted = co_await on_database(with, [&](persistence::connection& link) {
      return persistence::admit_cue(link, in.caller.user_id, given->name, active_limit);
    });
    co_return fail(admitted ? std::move(cue.error()) : admitted.error());
  }
  const auto heard_since = with.clock.now() - std::chrono::seconds{with.settings.worker_heartbeat_timeout_seconds};
  auto made = co_await on_database(
      with, [&](persistence::connection& link) { return store(link, *cue, active_limit, heard_since); });
  if (!made)
    co_return fail(std::move(made.error()));
  with.engine.cue_changed(made->cue.id);
  co_return json_response(cue_json(made->cue, made->warning), 201);
}

} // namespace cued::http
