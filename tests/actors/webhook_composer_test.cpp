#include "actors/deliver/webhook_composer.hpp"

#include <gtest/gtest.h>

#include "security/signature.hpp"
#include "security/standard_webhooks.hpp"

namespace cued::test {
namespace {

using namespace std::chrono_literals;

const std::string secret = "whsec_" + std::string(64, 'a');
const std::string previous = "whsec_" + std::string(64, 'b');
const instant now = std::chrono::sys_days{std::chrono::year{2026} / 11 / 24} + 13h + 700ms;
const std::string now_seconds = "1795525200";

persistence::started_delivery delivery(const std::string& headers_json = "{}") {
  persistence::started_delivery d;
  d.execution_id = "11111111-2222-4333-8444-555555555555";
  d.user_id = "ann";
  d.cue_id = "cue_1";
  d.cue_name = "Zürich";
  d.scheduled_for = now;
  d.attempt = 2;
  d.url = "https://a.example/hook";
  d.method = "POST";
  d.payload_json = R"({"b": 1, "a": "ü"})";
  d.headers_json = headers_json;
  d.webhook_secret = secret;
  return d;
}

std::vector<std::string> headers(const actors::webhook_request& request, const std::string& name) {
  std::vector<std::string> out;
  for (const auto& [key, value] : request.headers)
    if (key == name)
      out.push_back(value);
  return out;
}

using values = std::vector<std::string>;

TEST(webhook_composer, a_delivery_is_signed_in_both_forms_over_the_bytes_that_are_sent) {
  const auto request = actors::compose_webhook(delivery(), now, 30s).value();
  EXPECT_EQ(request.body,
            R"({"attempt": 2, "cue_id": "cue_1", "execution_id": "11111111-2222-4333-8444-555555555555", )"
            R"("name": "Z\u00fcrich", "payload": {"a": "\u00fc", "b": 1}, )"
            R"("scheduled_for": "2026-11-24T13:00:00.700000+00:00"})");
  EXPECT_EQ(headers(request, "X-CueAPI-Timestamp"), values{now_seconds});
  EXPECT_EQ(headers(request, "webhook-timestamp"), values{now_seconds});
  EXPECT_EQ(headers(request, "webhook-id"), values{"11111111-2222-4333-8444-555555555555"});
  EXPECT_EQ(headers(request, "X-CueAPI-Signature"), values{security::sign(secret, 1795525200, request.body).value});
  EXPECT_EQ(headers(request, "webhook-signature"),
            values{*security::standard_signature(secret, delivery().execution_id, now_seconds, request.body)});
  EXPECT_TRUE(headers(request, "X-CueAPI-Signature-Previous").empty());
}

TEST(webhook_composer, during_an_overlap_the_replaced_secret_signs_too) {
  auto d = delivery();
  d.previous_webhook_secret = previous;
  const auto request = actors::compose_webhook(d, now, 30s).value();
  EXPECT_EQ(headers(request, "X-CueAPI-Signature"), values{security::sign(secret, 1795525200, request.body).value});
  EXPECT_EQ(headers(request, "X-CueAPI-Signature-Previous"),
            values{security::sign(previous, 1795525200, request.body).value});
  EXPECT_EQ(headers(request, "webhook-signature"),
            values{*security::standard_signature(secret, d.execution_id, now_seconds, request.body) + " " +
                   *security::standard_signature(previous, d.execution_id, now_seconds, request.body)});
}

TEST(webhook_composer, no_header_of_the_cue_can_stand_in_for_a_signature) {
  const auto plain = actors::compose_webhook(delivery(), now, 30s).value();
  const auto forged = actors::compose_webhook(
      delivery(R"({"X-CueAPI-Signature": "v1=0", "x-cueapi-TIMESTAMP": "0", "X-CueAPI-Signature-Previous": "v1=0",)"
               R"("Webhook-Id": "x", "WEBHOOK-TIMESTAMP": "0", "webhook-signature": "v1,x", "Host": "h",)"
               R"("Content-Length": "0"})"),
      now, 30s);
  EXPECT_EQ(forged->headers, plain.headers);
}

TEST(webhook_composer, other_headers_of_the_cue_replace_ours_whatever_their_letter_case) {
  const auto request =
      actors::compose_webhook(
          delivery(R"({"user-agent": "mine", "X-CueAPI-Attempt": "9", "X-Own": "1", "bad name": "x"})"), now, 30s)
          .value();
  EXPECT_EQ(headers(request, "User-Agent"), values{"mine"});
  EXPECT_EQ(headers(request, "X-CueAPI-Attempt"), values{"9"});
  EXPECT_EQ(headers(request, "X-Own"), values{"1"});
  EXPECT_TRUE(headers(request, "bad name").empty());
}

} // namespace
} // namespace cued::test
