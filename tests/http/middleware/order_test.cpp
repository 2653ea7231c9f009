#include <gtest/gtest.h>

#include "tests/http/house.hpp"
#include "tests/http/middleware/sample_routes.hpp"

/// Which error wins: spec/http.md §1.2. Each test has two things wrong and names the one that is told.
namespace cued::http::test {
namespace {

struct http_order : ::testing::Test {
  house h{sample_routes};
};

TEST_F(http_order, too_large_wins_over_everything_and_costs_no_quota) {
  EXPECT_EQ(h.ask_without_key("POST /no/such/path", "Content-Length: 1048577\r\n").status, 413);
  const auto after = h.ask("GET /v1/things");
  EXPECT_EQ(after.header("x-ratelimit-remaining"), "59");
}

TEST_F(http_order, too_large_is_told_with_an_id_and_without_cors_or_quota) {
  const auto answer = h.ask("POST /v1/things", "Origin: https://a\r\nContent-Length: 1048577\r\n");
  EXPECT_EQ(code_of(answer), "request_too_large");
  EXPECT_TRUE(answer.has("x-request-id"));
  EXPECT_FALSE(answer.has("x-ratelimit-limit"));
  EXPECT_FALSE(answer.has("access-control-allow-origin"));
}

TEST_F(http_order, too_many_wins_over_unknown_path_and_bad_json) {
  h.know_callers(0);
  EXPECT_EQ(h.ask("GET /no/such/path").status, 429);
  EXPECT_EQ(h.ask("POST /v1/things", json_type, "{").status, 429);
}

TEST_F(http_order, unknown_path_wins_over_bad_json_and_missing_key) {
  EXPECT_EQ(h.ask_without_key("POST /no/such/path", json_type, "{").status, 404);
}

TEST_F(http_order, wrong_method_wins_over_missing_key) {
  const auto answer = h.ask_without_key("PUT /v1/things", json_type, "{");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.header("allow"), "GET, HEAD, POST");
  EXPECT_EQ(code_of(answer), "http_error");
}

TEST_F(http_order, trailing_slash_wins_over_missing_key) {
  const auto answer = h.ask_without_key("DELETE /v1/things/a%20b/?limit=7&x=%2F");
  EXPECT_EQ(answer.status, 307);
  EXPECT_EQ(answer.header("location"), "/v1/things/a%20b?limit=7&x=%2F");
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(answer.header("x-ratelimit-remaining"), "59") << "it counts";
}

TEST_F(http_order, bad_json_wins_over_missing_key) {
  EXPECT_EQ(code_of(h.ask_without_key("POST /v1/things", json_type, "{\"name\":")), "invalid_json");
}

TEST_F(http_order, missing_key_wins_over_bad_fields_and_bad_query) {
  EXPECT_EQ(h.ask_without_key("POST /v1/things", json_type, "{}").status, 401);
  EXPECT_EQ(h.ask_without_key("GET /v1/things?limit=abc").status, 401);
}

TEST_F(http_order, problems_of_query_and_body_are_told_together) {
  const auto answer = h.ask("POST /v1/things?dry=perhaps", json_type, "{}");
  EXPECT_EQ(answer.status, 422);
  const auto body = json::parse(answer.body);
  ASSERT_TRUE(body);
  const auto& details = body->find("error")->find("details")->items();
  ASSERT_EQ(details.size(), 2u);
  EXPECT_EQ(details[0].find("field")->as_string(), "query.dry");
  EXPECT_EQ(details[1].find("field")->as_string(), "body.name");
}

TEST_F(http_order, a_route_without_a_body_does_not_look_at_it) {
  EXPECT_EQ(h.ask("POST /v1/things/a/ack", json_type, "{").status, 200);
  EXPECT_EQ(h.ask("POST /v1/things/a/ack", std::string{json_type} + "Content-Length: 0\r\n").status, 200);
  EXPECT_EQ(h.ask("GET /v1/things/a", json_type).status, 200);
}

TEST_F(http_order, an_optional_body_may_be_absent_empty_or_null) {
  EXPECT_EQ(h.ask("POST /v1/things/a/fire").body, R"({"body":"absent"})");
  EXPECT_EQ(h.ask("POST /v1/things/a/fire", std::string{json_type} + "Content-Length: 0\r\n").body,
            R"({"body":"absent"})");
  EXPECT_EQ(h.ask("POST /v1/things/a/fire", json_type, "null").body, R"({"body":"absent"})");
  EXPECT_EQ(h.ask("POST /v1/things/a/fire", json_type, "{}").body, R"({"body":"present"})");
  EXPECT_EQ(h.ask("POST /v1/things/a/fire", json_type, "[]").status, 422);
}

TEST_F(http_order, the_query_form_with_nothing_behind_the_question_mark_is_the_path) {
  EXPECT_EQ(h.ask("GET /v1/things?").status, 200);
}

TEST_F(http_order, of_repeated_query_names_the_last_counts) {
  EXPECT_NE(h.ask("GET /v1/things?limit=abc&limit=7").body.find("\"limit\":7"), std::string::npos);
}

TEST_F(http_order, an_exception_is_an_internal_error_with_all_headers) {
  const auto answer = h.ask("GET /v1/throw", "Origin: https://a\r\n");
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(code_of(answer), "internal_error");
  EXPECT_EQ(answer.body.find("a bug"), std::string::npos);
  EXPECT_TRUE(answer.has("x-request-id"));
  EXPECT_TRUE(answer.has("x-ratelimit-limit"));
  EXPECT_TRUE(answer.has("access-control-allow-origin"));
}

TEST_F(http_order, each_answer_has_an_id_of_its_own_whatever_was_sent) {
  const auto first = h.ask("GET /health", "X-Request-Id: mine\r\n").header("x-request-id");
  const auto second = h.ask("GET /health").header("x-request-id");
  EXPECT_EQ(first.size(), 36u);
  EXPECT_NE(first, "mine");
  EXPECT_NE(first, second);
}

TEST_F(http_order, what_never_became_a_request_gets_the_envelope_too) {
  const auto answer =
      ask_once(h.listening.port(), "GET /x HTTP/1.1\r\nX-Long: " + std::string(70'000, 'a') + "\r\n\r\n");
  EXPECT_EQ(answer.status, 431);
  EXPECT_EQ(code_of(answer), "request_header_fields_too_large");
  EXPECT_TRUE(answer.has("x-request-id"));
}

TEST_F(http_order, errors_are_mirrored_below_detail_for_the_command_line) {
  const auto body = json::parse(h.ask("GET /nowhere").body);
  ASSERT_TRUE(body);
  ASSERT_EQ(body->find("detail")->kind(), json::kind::object);
  EXPECT_EQ(*body->find("detail")->find("error"), *body->find("error"));
}

TEST_F(http_order, pages_are_hardened_and_json_is_not_sniffed) {
  const auto page = h.ask("GET /page");
  EXPECT_EQ(page.header("x-frame-options"), "DENY");
  EXPECT_TRUE(page.has("content-security-policy"));
  const auto json = h.ask("GET /v1/open");
  EXPECT_EQ(json.header("content-type"), "application/json");
  EXPECT_EQ(json.header("x-content-type-options"), "nosniff");
  EXPECT_FALSE(json.has("x-frame-options"));
  EXPECT_FALSE(json.has("strict-transport-security"));
}

} // namespace
} // namespace cued::http::test
