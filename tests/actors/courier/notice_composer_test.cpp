#include "actors/courier/notice_composer.hpp"

#include <gmock/gmock.h>

#include "actors/courier/notice_verdict.hpp"
#include "domain/json/value.hpp"
#include "security/signature.hpp"
#include "security/standard_webhooks.hpp"

namespace cued::test {
namespace {

using namespace std::chrono_literals;
using actors::webhook_response;
using persistence::notice_kind;
using persistence::notice_result;
using persistence::started_notice;

const instant now = std::chrono::sys_days{std::chrono::year{2026} / 11 / 24} + 13h;
constexpr std::int64_t now_seconds = 1'795'525'200;

std::string header(const actors::webhook_request& request, const std::string& name) {
  for (const auto& [key, value] : request.headers)
    if (key == name)
      return value;
  return "(none)";
}

started_notice alert() {
  started_notice n;
  n.id = 7;
  n.kind = notice_kind::alert;
  n.user_id = "ann";
  n.alert_url = "https://a.example/alerts";
  n.alert_webhook_secret = std::string(64, '0');
  n.webhook_secret = "whsec_not_this_one";
  n.content_json = R"({"severity": "warning", "message": "3 in Zürich", "metadata": {"consecutive_failures": 3},)"
                   R"("cue_id": "cue_1", "execution_id": null, "alert_id": "id-1", "created_at":)"
                   R"("2026-11-24T00:43:46.109501+00:00", "alert_type": "consecutive_failures"})";
  return n;
}

started_notice escalation() {
  started_notice n;
  n.id = 8;
  n.kind = notice_kind::escalation;
  n.user_id = "ann";
  n.cue_id = "cue_1";
  n.webhook_secret = "whsec_" + std::string(64, '0');
  n.content_json = R"({"url": "https://b.example/told", "attempts": 2, "cue_name": "Zürich / \"x\"", "failed_at":)"
                   R"("2026-11-24T13:00:00+00:00", "last_error": "no", "last_http_status": null})";
  return n;
}

TEST(notice_composer, an_alert_is_canonical_and_signed_with_the_alert_secret) {
  const auto request = actors::compose_notice(alert(), now, 10s).value();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://a.example/alerts");
  EXPECT_EQ(request.body, R"({"alert_id": "id-1", "alert_type": "consecutive_failures", "created_at": )"
                          R"("2026-11-24T00:43:46.109501+00:00", "cue_id": "cue_1", "execution_id": null, "message": )"
                          R"("3 in Z\u00fcrich", "metadata": {"consecutive_failures": 3}, "severity": "warning"})");
  EXPECT_EQ(request.deadline, 10s);
  EXPECT_EQ(request.tenant, "ann");
  EXPECT_EQ(header(request, "Content-Type"), "application/json");
  EXPECT_EQ(header(request, "User-Agent"), "CueAPI/1.0");
  EXPECT_EQ(header(request, "X-CueAPI-Alert-Id"), "id-1");
  EXPECT_EQ(header(request, "X-CueAPI-Alert-Type"), "consecutive_failures");
  EXPECT_EQ(header(request, "X-CueAPI-Timestamp"), std::to_string(now_seconds));
  EXPECT_TRUE(security::verify(std::string(64, '0'), header(request, "X-CueAPI-Timestamp"),
                               header(request, "X-CueAPI-Signature"), request.body, now_seconds));
}

TEST(notice_composer, an_escalation_is_compact_in_the_order_of_old_and_signed_with_the_users_secret) {
  const auto notice = escalation();
  const auto request = actors::compose_notice(notice, now, 10s).value();
  EXPECT_EQ(request.url, "https://b.example/told");
  EXPECT_EQ(request.body, R"({"event":"cue.failed","cue_id":"cue_1","cue_name":"Zürich / \"x\"","attempts":2,)"
                          R"("last_http_status":null,"last_error":"no","failed_at":"2026-11-24T13:00:00+00:00",)"
                          R"("dashboard_url":"https://dashboard.cueapi.ai"})");
  EXPECT_EQ(header(request, "User-Agent"), "CueAPI/1.0");
  EXPECT_TRUE(security::verify(notice.webhook_secret, header(request, "X-CueAPI-Timestamp"),
                               header(request, "X-CueAPI-Signature"), request.body, now_seconds));
}

TEST(notice_composer, both_are_signed_in_the_second_form_too_under_ids_of_their_own) {
  const auto alerted = actors::compose_notice(alert(), now, 10s).value();
  EXPECT_EQ(header(alerted, "webhook-id"), "id-1");
  EXPECT_EQ(
      header(alerted, "webhook-signature"),
      *security::standard_signature(alert().alert_webhook_secret, "id-1", std::to_string(now_seconds), alerted.body));
  const auto escalated = actors::compose_notice(escalation(), now, 10s).value();
  EXPECT_EQ(header(escalated, "webhook-id"), "escalation_8");
  EXPECT_EQ(header(escalated, "webhook-signature"),
            *security::standard_signature(escalation().webhook_secret, "escalation_8", std::to_string(now_seconds),
                                          escalated.body));
}

TEST(notice_composer, during_an_overlap_each_is_signed_with_the_replaced_secret_of_its_kind_too) {
  auto one = alert();
  one.previous_alert_webhook_secret = std::string(64, '1');
  one.previous_webhook_secret = "whsec_not_this_one_either";
  const auto alerted = actors::compose_notice(one, now, 10s).value();
  EXPECT_EQ(header(alerted, "X-CueAPI-Signature-Previous"),
            security::sign(one.previous_alert_webhook_secret, now_seconds, alerted.body).value);
  auto other = escalation();
  other.previous_webhook_secret = "whsec_" + std::string(64, '1');
  const auto escalated = actors::compose_notice(other, now, 10s).value();
  EXPECT_EQ(header(escalated, "X-CueAPI-Signature-Previous"),
            security::sign(other.previous_webhook_secret, now_seconds, escalated.body).value);
}

TEST(notice_composer, an_alert_without_address_is_unwanted) {
  for (const auto part : {&started_notice::alert_url, &started_notice::alert_webhook_secret}) {
    auto notice = alert();
    notice.*part = "";
    EXPECT_EQ(actors::compose_notice(notice, now, 10s).error().code, "notice_unwanted");
  }
}

TEST(notice_composer, what_alert_rows_never_writes_is_an_error_and_no_crash) {
  for (const auto* content : {"", "null", "[]", "{}", R"({"url": 1})", R"({"alert_id": "x"})"})
    for (auto notice : {alert(), escalation()}) {
      notice.content_json = content;
      EXPECT_EQ(actors::compose_notice(notice, now, 10s).error().code, "invalid_notice") << content;
    }
}

// -- the verdict ------------------------------------------------------------

notice_result judged(int attempt, std::optional<int> status) {
  auto notice = alert();
  notice.attempt = attempt;
  webhook_response response;
  response.status = status;
  if (!status)
    response.what = webhook_response::failure::could_not_connect;
  return actors::judge_notice(notice, response, now);
}

TEST(notice_verdict, two_hundreds_are_delivered) {
  for (const int status : {200, 204, 299}) {
    const auto result = judged(1, status);
    EXPECT_EQ(result.what, notice_result::verdict::delivered);
    EXPECT_EQ(result.id, 7);
    EXPECT_EQ(result.http_status, status);
    EXPECT_FALSE(result.last_error);
  }
}

TEST(notice_verdict, everything_else_is_tried_again_later_and_later) {
  for (const std::optional<int> status : {std::optional{302}, {404}, {500}, {}}) {
    const auto result = judged(1, status);
    EXPECT_EQ(result.what, notice_result::verdict::retry);
    EXPECT_EQ(result.next_attempt, now + 5s);
    EXPECT_TRUE(result.last_error);
  }
  EXPECT_EQ(judged(2, 500).next_attempt, now + 30s);
  EXPECT_EQ(judged(3, 500).next_attempt, now + 2min);
  EXPECT_EQ(judged(8, 500).next_attempt, now + 15h);
}

TEST(notice_verdict, after_about_a_day_it_is_given_up) {
  EXPECT_EQ(judged(actors::notice_attempts_at_most, 500).what, notice_result::verdict::failed);
  std::chrono::seconds total{0};
  for (int attempt = 1; const auto wait = actors::notice_retry_delay(attempt); ++attempt)
    total += *wait;
  EXPECT_GT(total, 23h);
  EXPECT_LT(total, 25h);
  EXPECT_FALSE(actors::notice_retry_delay(0));
}

} // namespace
} // namespace cued::test
