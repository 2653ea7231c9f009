#include "actors/courier/notice_composer.hpp"

#include "domain/json/value.hpp"
#include "security/signature_headers.hpp"

namespace cued::actors {
namespace {

constexpr const char* dashboard_url = "https://dashboard.cueapi.ai";

tl::unexpected<error> invalid_notice(const char* what) { return fail(500, "invalid_notice", what); }

const json::value* text_member(const json::value& content, std::string_view name) {
  const auto* found = content.find(name);
  return found && found->kind() == json::kind::string ? found : nullptr;
}

webhook_request signed_post(const persistence::started_notice& notice, std::string url, std::string_view message_id,
                            std::string body, const security::signing_secrets& secrets, instant now,
                            std::chrono::milliseconds deadline) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
  webhook_request out;
  out.method = "POST";
  out.url = std::move(url);
  out.headers = security::signature_headers(secrets, {message_id, seconds, body});
  out.headers.emplace_back("Content-Type", "application/json");
  out.headers.emplace_back("User-Agent", "CueAPI/1.0");
  out.body = std::move(body);
  out.deadline = deadline;
  out.tenant = notice.user_id;
  return out;
}

result<webhook_request> compose_alert(const persistence::started_notice& notice, const json::value& content,
                                      instant now, std::chrono::milliseconds deadline) {
  if (notice.alert_url.empty() || notice.alert_webhook_secret.empty())
    return fail(404, "notice_unwanted", "No alert URL or no secret is configured any more");
  const auto* id = text_member(content, "alert_id");
  const auto* type = text_member(content, "alert_type");
  if (!id || !type)
    return invalid_notice("An alert without id or type");
  const security::signing_secrets secrets{notice.alert_webhook_secret, notice.previous_alert_webhook_secret};
  auto out = signed_post(notice, notice.alert_url, id->as_string(), json::canonical(content), secrets, now, deadline);
  out.headers.emplace_back("X-CueAPI-Alert-Id", id->as_string());
  out.headers.emplace_back("X-CueAPI-Alert-Type", type->as_string());
  return out;
}

result<webhook_request> compose_escalation(const persistence::started_notice& notice, const json::value& content,
                                           instant now, std::chrono::milliseconds deadline) {
  const auto* url = text_member(content, "url");
  if (!url || !notice.cue_id)
    return invalid_notice("An escalation without URL or cue");
  const auto member = [&](std::string_view name) {
    const auto* found = content.find(name);
    return found ? json::compact(*found) : std::string{"null"};
  };
  json::writer body;
  body.begin_object();
  body.key("event").string("cue.failed");
  body.key("cue_id").string(*notice.cue_id);
  for (const auto* name : {"cue_name", "attempts", "last_http_status", "last_error", "failed_at"})
    body.key(name).raw(member(name));
  body.key("dashboard_url").string(dashboard_url);
  body.end_object();
  const security::signing_secrets secrets{notice.webhook_secret, notice.previous_webhook_secret};
  return signed_post(notice, url->as_string(), "escalation_" + std::to_string(notice.id), std::move(body).str(),
                     secrets, now, deadline);
}

} // namespace

result<webhook_request> compose_notice(const persistence::started_notice& notice, instant now,
                                       std::chrono::milliseconds deadline) {
  const auto content = json::parse(notice.content_json);
  if (!content || content->kind() != json::kind::object)
    return invalid_notice("The content is not an object");
  if (notice.kind == persistence::notice_kind::alert)
    return compose_alert(notice, *content, now, deadline);
  if (notice.kind == persistence::notice_kind::escalation)
    return compose_escalation(notice, *content, now, deadline);
  return invalid_notice("A letter is not sent as a webhook");
}

} // namespace cued::actors
