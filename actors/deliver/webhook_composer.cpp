#include "actors/deliver/webhook_composer.hpp"

#include <algorithm>
#include <string_view>

#include "domain/json/value.hpp"
#include "domain/letter_case.hpp"
#include "domain/timestamp.hpp"
#include "security/sendable_header.hpp"
#include "security/signature_headers.hpp"

namespace cued::actors {
namespace {

using headers = std::vector<std::pair<std::string, std::string>>;

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower_case(x) == lower_case(y); });
}

void set_header(headers& all, const std::string& name, const std::string& value) {
  const auto it = std::ranges::find_if(all, [&](const auto& h) { return same_name(h.first, name); });
  if (it == all.end())
    all.emplace_back(name, value);
  else
    it->second = value;
}

result<std::string> body_of(const persistence::started_delivery& delivery, const std::string& scheduled_for) {
  auto payload = json::parse(delivery.payload_json);
  if (!payload)
    return fail(payload.error());
  return json::canonical(json::value::object({{"attempt", json::value::number(std::int64_t{delivery.attempt})},
                                              {"cue_id", json::value::string(delivery.cue_id)},
                                              {"execution_id", json::value::string(delivery.execution_id)},
                                              {"name", json::value::string(delivery.cue_name)},
                                              {"payload", std::move(*payload)},
                                              {"scheduled_for", json::value::string(scheduled_for)}}));
}

void lay_over(headers& all, const std::string& users_headers_json) {
  const auto users = json::parse(users_headers_json);
  if (!users || users->kind() != json::kind::object)
    return; // written by others, not headers: the message goes out without them
  for (const auto& [name, value] : users->members())
    if (value.kind() == json::kind::string && !security::is_reserved_header(name) &&
        security::is_sendable_header(name, value.as_string()))
      set_header(all, name, value.as_string());
}

} // namespace

result<webhook_request> compose_webhook(const persistence::started_delivery& delivery, instant now,
                                        std::chrono::milliseconds deadline) {
  if (delivery.url.empty()) // only rows written by others have none; the text is the reference's
    return fail(400, "invalid_callback_url", "URL must have a hostname");
  const auto scheduled_for = format_offset(delivery.scheduled_for);
  auto body = body_of(delivery, scheduled_for);
  if (!body)
    return fail(body.error());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
  const security::signing_secrets secrets{delivery.webhook_secret, delivery.previous_webhook_secret};

  webhook_request out;
  out.method = delivery.method;
  out.url = delivery.url;
  out.deadline = deadline;
  out.tenant = delivery.user_id;
  out.headers = security::signature_headers(secrets, {delivery.execution_id, seconds, *body});
  const headers others = {{"Content-Type", "application/json"},
                          {"X-CueAPI-Cue-Id", delivery.cue_id},
                          {"X-CueAPI-Execution-Id", delivery.execution_id},
                          {"X-CueAPI-Scheduled-For", scheduled_for},
                          {"X-CueAPI-Attempt", std::to_string(delivery.attempt)},
                          {"User-Agent", "CueAPI/1.0"}};
  out.headers.insert(out.headers.end(), others.begin(), others.end());
  lay_over(out.headers, delivery.headers_json);
  out.body = std::move(*body);
  return out;
}

} // namespace cued::actors
