#include "http/routes/cue_input.hpp"

#include <algorithm>
#include <array>

#include "config/settings.hpp"
#include "http/url_check.hpp"
#include "security/sendable_header.hpp"
#include "security/url.hpp"

namespace cued::http {
namespace {

std::string upper_case(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) { return c >= 'a' && c <= 'z' ? char(c - 32) : c; });
  return text;
}

/// Any letter case; what is stored is upper case, as the column demands.
std::string read_method(object_reader& callback) {
  constexpr std::array<std::string_view, 4> methods{"POST", "GET", "PUT", "PATCH"};
  auto method = upper_case(callback.text("method", {.fallback = "POST"}));
  if (callback.clean() && std::ranges::find(methods, method) == methods.end())
    callback.reject("method", "Input should be 'POST', 'GET', 'PUT' or 'PATCH'");
  return method;
}

/// What could never be sent is refused here. Headers that only we may set are stored and not sent: scripts written
/// for the reference, which sent them, go on working.
std::string read_headers(object_reader& callback) {
  const auto given = callback.optional_text_map("headers");
  if (!given)
    return "{}";
  json::writer w;
  w.begin_object();
  for (const auto& [name, value] : *given) {
    if (!security::is_sendable_header(name, value))
      callback.reject("headers." + name, "Value error, name or value cannot be sent as an HTTP header");
    w.key(name).string(value);
  }
  w.end_object();
  return std::move(w).str();
}

/// `retry.schedule: "long"`: spread over some three days, for receivers that may be away over a weekend.
constexpr const char* long_schedule = "[5,300,1800,7200,18000,36000,36000,86400,86400]";

/// Nothing for an empty list too: it says nothing.
std::optional<std::string> read_backoff_seconds(object_reader& retry) {
  auto steps = retry.optional_list("backoff_seconds");
  if (!steps || steps->empty())
    return std::nullopt;
  if (steps->size() > backoff_steps_max)
    retry.reject("backoff_seconds",
                 "Value error, list should have at most " + std::to_string(backoff_steps_max) + " items");
  json::writer w;
  w.begin_array();
  for (auto& step : *steps)
    w.number(step.integer({.min = 0, .max = policy_seconds_max}));
  w.end_array();
  return std::move(w).str();
}

} // namespace

std::string failure_input::json() const {
  json::writer w;
  w.begin_object();
  w.key("email").boolean(email);
  w.key("webhook").string_or_null(webhook);
  w.key("pause").boolean(pause);
  w.end_object();
  return std::move(w).str();
}

schedule_request read_schedule(object_reader& schedule) {
  schedule_request wanted;
  wanted.type = schedule.text("type");
  wanted.cron = schedule.optional_text("cron");
  if (const auto at = schedule.optional_time("at"))
    wanted.at = at->at;
  wanted.timezone = schedule.text("timezone", {.fallback = "UTC"});
  return wanted;
}

callback_input read_callback(object_reader& callback, misplaced_transport transport) {
  callback_input given;
  if (const auto url = callback.optional_text("url")) {
    auto normal = security::normalise_url(*url);
    if (normal)
      given.url = std::move(normal->text);
    else
      callback.reject("url", normal.error().message);
  }
  given.method = read_method(callback);
  given.headers_json = read_headers(callback);
  if (transport == misplaced_transport::refused)
    if (const auto misplaced = callback.optional_text("transport"); misplaced && !misplaced->empty())
      callback.reject("transport", "Value error, transport belongs at the top level of the cue");
  return given;
}

persistence::cue_retry read_retry(object_reader& retry) {
  persistence::cue_retry given;
  const auto schedule = retry.optional_choice("schedule", {.of = {"long"}});
  given.max_attempts = static_cast<int>(retry.integer(
      "max_attempts", {.min = 1, .max = retry_attempts_max, .fallback = schedule ? retry_attempts_max : 3}));
  if (auto steps = retry.list("backoff_minutes")) {
    json::writer w;
    w.begin_array();
    for (auto& step : *steps)
      w.number(step.integer(
          {.min = std::numeric_limits<std::int64_t>::min(), .max = std::numeric_limits<std::int64_t>::max()}));
    w.end_array();
    given.backoff_json = std::move(w).str();
  }
  given.backoff_seconds_json = read_backoff_seconds(retry);
  if (schedule && given.backoff_seconds_json)
    retry.reject("schedule", "Value error, give either schedule or backoff_seconds");
  if (schedule)
    given.backoff_seconds_json = long_schedule;
  if (const auto jitter = retry.optional_integer("jitter_percent", {.min = 0, .max = 100}))
    given.jitter_percent = static_cast<int>(*jitter);
  return given;
}

policy_input read_policies(object_reader& body) {
  policy_input given;
  given.catch_up = body.optional_choice("catch_up", {.of = {"all", "latest", "none"}});
  if (const auto window = body.optional_integer("catch_up_window_seconds", {.min = 0, .max = policy_seconds_max}))
    given.catch_up_window_seconds = static_cast<int>(*window);
  given.overlap = body.optional_choice("overlap", {.of = {"allow", "skip", "queue_one"}});
  if (auto delivery = body.optional_object("delivery"); delivery && !delivery->is_void()) {
    given.outcome_deadline_seconds.emplace();
    if (const auto deadline =
            delivery->optional_integer("outcome_deadline_seconds", {.min = 1, .max = outcome_deadline_seconds_max}))
      given.outcome_deadline_seconds->emplace(static_cast<int>(*deadline));
  }
  return given;
}

failure_input read_failure_rules(object_reader& on_failure) {
  failure_input given;
  given.email = on_failure.boolean("email", {.fallback = true});
  given.webhook = on_failure.optional_text("webhook");
  given.pause = on_failure.boolean("pause", {.fallback = false});
  return given;
}

std::string read_verification_mode(object_reader& verification) {
  return verification.choice(
      "mode",
      {.of = {"none", "require_external_id", "require_result_url", "require_artifacts", "manual"}, .fallback = "none"});
}

result<std::string> storable_payload(const json::value* payload) {
  if (!payload)
    return "{}";
  if (json::holds_null_character(*payload))
    return fail(400, "invalid_payload", "Payload must not contain null characters");
  if (json::spaced_size(*payload, json::charset::utf8) > payload_bytes_max)
    return fail(400, "invalid_payload_size", "Payload must not be larger than 1 MiB");
  return json::canonical_utf8(*payload);
}

boost::asio::awaitable<result<void>> check_failure_webhook(services& with, const failure_input& rules,
                                                           std::string tenant) {
  if (!rules.webhook || rules.webhook->empty())
    co_return result<void>{};
  auto allowed = co_await check_url(with, *rules.webhook, std::move(tenant));
  if (!allowed)
    allowed.error().message.insert(0, "on_failure.webhook: ");
  co_return allowed;
}

overlap overlap_policy(const services& with) {
  return with.settings.cron_dst_overlap == "both" ? overlap::both : overlap::once;
}

} // namespace cued::http
