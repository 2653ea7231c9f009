#include <gtest/gtest.h>

#include "http/middleware/rate_limit.hpp"
#include "tests/http/house.hpp"
#include "tests/http/middleware/sample_routes.hpp"

namespace cued::http::test {
namespace {

struct http_rate_limit : ::testing::Test {
  house h{sample_routes};

  std::string now_plus(int seconds) const {
    return std::to_string(std::chrono::floor<std::chrono::seconds>(h.clock.now()).time_since_epoch().count() + seconds);
  }
};

TEST_F(http_rate_limit, an_allowed_request_tells_what_is_left) {
  h.know_callers(3);
  const auto answer = h.ask("GET /v1/things");
  EXPECT_EQ(answer.header("x-ratelimit-limit"), "3");
  EXPECT_EQ(answer.header("x-ratelimit-remaining"), "2");
  EXPECT_EQ(answer.header("x-ratelimit-reset"), now_plus(60));
}

TEST_F(http_rate_limit, one_too_many_is_told_when_to_come_back) {
  h.know_callers(2);
  EXPECT_EQ(h.ask("GET /v1/things").status, 200);
  h.clock.advance(std::chrono::milliseconds{500});
  EXPECT_EQ(h.ask("GET /v1/things").status, 200);
  const auto refused = h.ask("GET /v1/things", "Origin: https://a\r\n");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(code_of(refused), "rate_limit_exceeded");
  EXPECT_EQ(refused.header("retry-after"), "59");
  EXPECT_NE(refused.body.find("Retry after 59 seconds"), std::string::npos);
  EXPECT_EQ(refused.header("x-ratelimit-remaining"), "0");
  EXPECT_TRUE(refused.has("access-control-allow-origin")) << "so that a page can read it";
  EXPECT_TRUE(refused.has("x-request-id"));
}

TEST_F(http_rate_limit, the_window_of_a_caller_opens_again) {
  h.know_callers(1);
  EXPECT_EQ(h.ask("GET /v1/things").status, 200);
  EXPECT_EQ(h.ask("GET /v1/things").status, 429);
  h.clock.advance(std::chrono::seconds{60});
  h.know_callers(1);
  EXPECT_EQ(h.ask("GET /v1/things").status, 200);
}

TEST_F(http_rate_limit, a_callers_own_limit_holds_from_his_first_request_on) {
  h.know_callers(1000);
  EXPECT_EQ(h.ask("GET /v1/things").header("x-ratelimit-limit"), "1000");
}

TEST_F(http_rate_limit, errors_count_like_everything_else) {
  h.know_callers(10);
  EXPECT_EQ(h.ask("GET /nowhere").header("x-ratelimit-remaining"), "9");
  EXPECT_EQ(h.ask("PUT /v1/things").header("x-ratelimit-remaining"), "8");
  EXPECT_EQ(h.ask("GET /v1/things?limit=abc").header("x-ratelimit-remaining"), "7");
}

TEST_F(http_rate_limit, guessed_keys_count_against_the_address_they_come_from) {
  EXPECT_EQ(h.ask("GET /v1/things", house::bearer(house::unknown_key)).header("x-ratelimit-remaining"), "59");
  EXPECT_EQ(h.ask("GET /v1/things", house::bearer(house::rotated_key)).header("x-ratelimit-remaining"), "58");
  EXPECT_EQ(h.ask_without_key("GET /v1/open").header("x-ratelimit-remaining"), "57");
  EXPECT_EQ(h.ask("GET /v1/things").header("x-ratelimit-remaining"), "59") << "a good key has a window of its own";
}

TEST_F(http_rate_limit, sixty_requests_a_minute_without_a_key_and_no_more) {
  for (int i = 0; i < 60; ++i)
    ASSERT_EQ(h.ask_without_key("GET /v1/open").status, 200);
  EXPECT_EQ(h.ask_without_key("GET /v1/open").status, 429);
}

TEST_F(http_rate_limit, a_session_has_a_window_of_its_user) {
  const auto token = h.sessions.make(house::user_id, "a@b.com", h.clock.now());
  EXPECT_EQ(h.ask_without_key("GET /v1/open").header("x-ratelimit-remaining"), "59");
  EXPECT_EQ(h.ask("GET /v1/things", house::bearer(*token)).header("x-ratelimit-remaining"), "59");
  EXPECT_EQ(h.ask("GET /v1/things", house::bearer(*token)).header("x-ratelimit-remaining"), "58");
}

TEST_F(http_rate_limit, exempt_paths_are_neither_counted_nor_told) {
  EXPECT_FALSE(h.ask_without_key("GET /health").has("x-ratelimit-limit"));
  EXPECT_TRUE(h.ask_without_key("GET /health/").has("x-ratelimit-limit")) << "exempt is exact";
}

TEST(http_rate_limit_exemptions, are_those_of_the_list) {
  for (const auto* path :
       {"/health", "/status", "/v1/info", "/docs", "/openapi.json", "/redoc", "/v1/billing/webhook", "/auth/device",
        "/v1/auth/verify", "/v1/internal/deploy-hook", "/v1/blog/x", "/v1/internal/users/a"})
    EXPECT_TRUE(is_exempt_from_rate_limit(path)) << path;
  for (const auto* path : {"/health/", "/", "/v1/cues", "/v1/blog", "/v1/internal", "/v1/auth/verify/x", "/statusx"})
    EXPECT_FALSE(is_exempt_from_rate_limit(path)) << path;
}

TEST_F(http_rate_limit, who_approaches_his_monthly_limit_is_warned) {
  EXPECT_FALSE(h.ask("GET /v1/things").has("x-cueapi-usage-warning"));
  principal someone;
  someone.user_id = house::user_id;
  someone.key_hash = security::api_key_hash(house::known_key);
  h.remember(someone.key_hash, someone, true);
  EXPECT_EQ(h.ask("GET /v1/things").header("x-cueapi-usage-warning"), "approaching_limit");
  EXPECT_EQ(h.ask("GET /nowhere").header("x-cueapi-usage-warning"), "approaching_limit");
}

TEST_F(http_rate_limit, the_address_behind_a_trusted_proxy_has_its_own_window) {
  EXPECT_EQ(h.ask_without_key("GET /v1/open", "X-Forwarded-For: 198.51.100.1\r\n").header("x-ratelimit-remaining"),
            "59");
  EXPECT_EQ(h.ask_without_key("GET /v1/open", "X-Forwarded-For: 198.51.100.2\r\n").header("x-ratelimit-remaining"),
            "59");
  EXPECT_EQ(h.ask_without_key("GET /v1/open", "X-Forwarded-For: 198.51.100.1\r\n").header("x-ratelimit-remaining"),
            "58");
}

TEST(http_internal_token_bypass, is_not_limited_and_not_counted_if_it_is_exact) {
  config::settings chosen;
  chosen.internal_auth_token = "an-internal-token-of-32-characters";
  house h{sample_routes, chosen};
  EXPECT_FALSE(h.ask("GET /v1/open", house::bearer(chosen.internal_auth_token)).has("x-ratelimit-limit"));
  EXPECT_TRUE(h.ask("GET /v1/open", house::bearer(" " + chosen.internal_auth_token)).has("x-ratelimit-limit"));
  EXPECT_TRUE(h.ask("GET /v1/open", house::bearer("another")).has("x-ratelimit-limit"));
  EXPECT_TRUE(h.ask("GET /v1/open", house::bearer("\xC3\xA9")).has("x-ratelimit-limit"));
}

} // namespace
} // namespace cued::http::test
