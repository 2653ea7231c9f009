#include "http/authorization/hook_exchange.hpp"

#include <gtest/gtest.h>

namespace cued::http::test {
namespace {

using namespace std::chrono_literals;

const instant now = instant{1'767'323'045s};

message_question question(std::optional<std::string> key = std::nullopt) {
  return {"11111111-1111-4111-8111-111111111111",
          "22222222-2222-4222-8222-222222222222",
          "agt_aaaaaaaaaaaa",
          "agt_bbbbbbbbbbbb",
          "message",
          std::move(key)};
}

hook_decision judged(std::optional<int> status, std::string body) {
  actors::webhook_response answer;
  answer.status = status;
  answer.body = std::move(body);
  return judge_hook_answer(answer);
}

std::chrono::seconds kept(const std::string& cache_ttl) {
  return judged(200, R"({"decision": "allow", "cache_ttl": )" + cache_ttl + "}").keep_for.value_or(0s);
}

using header_list = std::vector<std::pair<std::string, std::string>>;

TEST(hook_exchange, the_question_is_canonical_and_signed) {
  const auto request = hook_request({"http://hook/ask", "hook-secret"}, question("k-ü"), now);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "http://hook/ask");
  EXPECT_EQ(request.deadline, 5s);
  EXPECT_EQ(request.body,
            R"({"idempotency_key": "k-\u00fc", "message_kind": "message", "recipient_agent_id": "agt_bbbbbbbbbbbb", )"
            R"("recipient_user_id": "22222222-2222-4222-8222-222222222222", "sender_agent_id": "agt_aaaaaaaaaaaa", )"
            R"("sender_user_id": "11111111-1111-4111-8111-111111111111"})");
  EXPECT_EQ(request.headers, (header_list{{"Content-Type", "application/json"},
                                          {"X-CueAPI-Timestamp", "1767323045"},
                                          {"X-CueAPI-Signature",
                                           "v1=b7855fd1173ad5db4a7b2fa425c7ce58870041d88ce9eb226cd4b8e1d9879dd0"}}));
}

TEST(hook_exchange, without_a_secret_there_is_a_time_but_no_signature) {
  const auto request = hook_request({"http://hook/ask", ""}, question(), now);
  EXPECT_EQ(request.headers, (header_list{{"Content-Type", "application/json"}, {"X-CueAPI-Timestamp", "1767323045"}}));
  EXPECT_TRUE(request.body.starts_with(R"({"idempotency_key": null, )"));
}

TEST(hook_exchange, allow_and_deny_are_the_only_answers) {
  const auto allowed = judged(200, R"({"decision": "allow"})");
  EXPECT_TRUE(allowed.allowed);
  EXPECT_EQ(allowed.fault, "");
  const auto denied = judged(200, R"({"decision": "deny", "reason": "not today"})");
  EXPECT_FALSE(denied.allowed);
  EXPECT_EQ(denied.fault, "");
  EXPECT_EQ(denied.reason, "not today");
}

TEST(hook_exchange, whatever_else_comes_is_refused_and_not_kept) {
  std::vector<hook_decision> faults;
  for (const int status : {201, 204, 302, 400, 404, 500, 503})
    faults.push_back(judged(status, R"({"decision": "allow"})"));
  for (const auto* body : {"", "allow", "[]", "null", "\"allow\"", "{}", R"({"decision": "Allow"})",
                           R"({"decision": true})", R"({"decision": null})", R"({"decision": "allow")"})
    faults.push_back(judged(200, body));
  for (const auto what :
       {actors::webhook_response::failure::timed_out, actors::webhook_response::failure::could_not_connect,
        actors::webhook_response::failure::blocked, actors::webhook_response::failure::protocol_error}) {
    actors::webhook_response answer;
    answer.what = what;
    faults.push_back(judge_hook_answer(answer));
  }
  for (const auto& one : faults) {
    EXPECT_FALSE(one.allowed) << one.fault;
    EXPECT_NE(one.fault, "");
    EXPECT_FALSE(one.keep_for);
  }
}

TEST(hook_exchange, the_answer_says_how_long_it_may_be_kept) {
  EXPECT_EQ(judged(200, R"({"decision": "deny"})").keep_for, 60s);
  EXPECT_EQ(kept("5"), 5s);
  EXPECT_EQ(kept("5.9"), 5s);
  EXPECT_EQ(kept("\" 7 \""), 7s);
  EXPECT_EQ(kept("\"+7\""), 7s);
  EXPECT_EQ(kept("true"), 1s);
}

TEST(hook_exchange, zero_and_less_is_not_kept) {
  for (const auto* ttl : {"0", "-1", "0.9", "\"0\"", "\"-3\"", "false"})
    EXPECT_EQ(kept(ttl), 0s) << ttl;
}

TEST(hook_exchange, a_time_that_is_none_is_the_default) {
  for (const auto* ttl : {"null", "\"\"", "\"soon\"", "\"1.5\"", "[]", "{}"})
    EXPECT_EQ(kept(ttl), 60s) << ttl;
}

TEST(hook_exchange, nothing_is_kept_for_longer_than_a_day) {
  for (const auto* ttl : {"86401", "1e30", "99999999999999999999999999", "\"99999999999999999999\""})
    EXPECT_EQ(kept(ttl), 86'400s) << ttl;
}

} // namespace
} // namespace cued::http::test
