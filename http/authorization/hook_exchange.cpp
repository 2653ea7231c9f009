#include "http/authorization/hook_exchange.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "domain/json/value.hpp"
#include "security/signature.hpp"

namespace cued::http {
namespace {

using std::chrono::seconds;

json::value text_or_null(const std::optional<std::string>& text) {
  return text ? json::value::string(*text) : json::value{};
}

std::string body_of(const message_question& question) {
  return json::canonical(json::value::object({{"idempotency_key", text_or_null(question.idempotency_key)},
                                              {"message_kind", json::value::string(question.kind)},
                                              {"recipient_agent_id", json::value::string(question.recipient_agent)},
                                              {"recipient_user_id", json::value::string(question.recipient_user)},
                                              {"sender_agent_id", json::value::string(question.sender_agent)},
                                              {"sender_user_id", json::value::string(question.sender_user)}}));
}

seconds capped(double value) {
  const auto longest = static_cast<double>(longest_cache_time.count());
  return seconds{static_cast<std::int64_t>(std::trunc(std::clamp(value, 0.0, longest)))};
}

/// Digits with an optional sign and blanks around, as int() takes them from text.
std::optional<seconds> from_text(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n\f\v";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos)
    return std::nullopt;
  text = text.substr(first, text.find_last_not_of(blanks) - first + 1);
  const bool negative = text.front() == '-';
  if (negative || text.front() == '+')
    text.remove_prefix(1);
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos)
    return std::nullopt;
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return capped(negative ? -value : value);
}

seconds from_number(const std::string& text) {
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return capped(value);
}

seconds cache_time(const json::value& answer) {
  const auto* asked = answer.find("cache_ttl");
  if (asked == nullptr)
    return default_cache_time;
  switch (asked->kind()) {
  case json::kind::number:
    return from_number(asked->number_text());
  case json::kind::boolean:
    return seconds{asked->as_boolean() ? 1 : 0};
  case json::kind::string:
    return from_text(asked->as_string()).value_or(default_cache_time);
  default:
    return default_cache_time;
  }
}

std::string text_member(const json::value& of, std::string_view name) {
  const auto* found = of.find(name);
  return found != nullptr && found->kind() == json::kind::string ? found->as_string() : std::string{};
}

hook_decision faulty(std::string what) {
  hook_decision out;
  out.fault = std::move(what);
  return out;
}

} // namespace

actors::webhook_request hook_request(const hook_address& hook, const message_question& question, instant now) {
  actors::webhook_request out;
  out.method = "POST";
  out.url = hook.url;
  out.body = body_of(question);
  out.deadline = hook_deadline;
  const auto unix_seconds = std::chrono::floor<seconds>(now.time_since_epoch()).count();
  const auto signature = security::sign(hook.secret, unix_seconds, out.body);
  out.headers.emplace_back("Content-Type", "application/json");
  out.headers.emplace_back(security::timestamp_header, signature.timestamp);
  if (!hook.secret.empty())
    out.headers.emplace_back(security::signature_header, signature.value);
  return out;
}

hook_decision judge_hook_answer(const actors::webhook_response& answer) {
  using failure = actors::webhook_response::failure;
  if (answer.what == failure::timed_out)
    return faulty("it did not answer in time");
  if (answer.what != failure::none || !answer.status)
    return faulty("it was not reached: " + answer.detail);
  if (*answer.status != 200)
    return faulty("it answered " + std::to_string(*answer.status));
  const auto said = json::parse(answer.body);
  if (!said || said->kind() != json::kind::object)
    return faulty("its answer is not a JSON object");
  const auto decision = text_member(*said, "decision");
  if (decision != "allow" && decision != "deny")
    return faulty("its answer is neither allow nor deny");

  hook_decision out;
  out.allowed = decision == "allow";
  if (!out.allowed)
    out.reason = text_member(*said, "reason");
  if (const auto keep_for = cache_time(*said); keep_for.count() > 0)
    out.keep_for = keep_for;
  return out;
}

} // namespace cued::http
