#include <gtest/gtest.h>

#include "tests/http/house.hpp"
#include "tests/http/middleware/sample_routes.hpp"

namespace cued::http::test {
namespace {

struct http_cors : ::testing::Test {
  house anybody{sample_routes};
  house listed{sample_routes, [] {
                 config::settings out;
                 out.cors_origins = {"https://app.example", "https://other.example"};
                 return out;
               }()};
};

TEST_F(http_cors, without_an_origin_only_vary_is_told) {
  const auto answer = anybody.ask("GET /v1/things");
  EXPECT_EQ(answer.header("vary"), "Origin");
  EXPECT_FALSE(answer.has("access-control-allow-origin"));
}

TEST_F(http_cors, by_default_any_page_may_read_but_never_with_credentials) {
  for (const std::string start : {"GET /v1/things", "GET /nowhere", "PUT /v1/things"}) {
    const auto answer = anybody.ask(start, "Origin: https://page.example\r\n");
    EXPECT_EQ(answer.header("access-control-allow-origin"), "*") << start;
    EXPECT_FALSE(answer.has("access-control-allow-credentials")) << start;
    EXPECT_EQ(answer.header("access-control-expose-headers"),
              "X-Request-Id, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, Retry-After, "
              "X-CueAPI-Usage-Warning")
        << start;
  }
}

TEST_F(http_cors, a_refusal_of_a_key_is_readable_too) {
  const auto answer = anybody.ask_without_key("GET /v1/things", "Origin: https://page.example\r\n");
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.header("access-control-allow-origin"), "*");
}

TEST_F(http_cors, with_a_list_only_its_origins_are_allowed) {
  EXPECT_EQ(listed.ask("GET /v1/things", "Origin: https://app.example\r\n").header("access-control-allow-origin"),
            "https://app.example");
  const auto other = listed.ask("GET /v1/things", "Origin: https://evil.example\r\n");
  EXPECT_EQ(other.status, 200);
  EXPECT_FALSE(other.has("access-control-allow-origin"));
  EXPECT_EQ(other.header("vary"), "Origin");
}

TEST_F(http_cors, a_preflight_is_answered_for_any_path_without_a_key_and_costs_no_quota) {
  const auto answer =
      anybody.ask_without_key("OPTIONS /nowhere", "Origin: https://page.example\r\n"
                                                  "Access-Control-Request-Method: PATCH\r\n"
                                                  "Access-Control-Request-Headers: authorization, x-a\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "OK");
  EXPECT_EQ(answer.header("content-type"), "text/plain; charset=utf-8");
  EXPECT_EQ(answer.header("access-control-allow-origin"), "*");
  EXPECT_EQ(answer.header("access-control-allow-methods"), "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT");
  EXPECT_EQ(answer.header("access-control-allow-headers"), "authorization, x-a");
  EXPECT_EQ(answer.header("access-control-max-age"), "600");
  EXPECT_FALSE(answer.has("x-ratelimit-limit"));
  EXPECT_EQ(anybody.ask_without_key("GET /v1/open").header("x-ratelimit-remaining"), "59");
}

TEST_F(http_cors, a_preflight_for_an_unknown_method_or_origin_is_refused) {
  const auto method = anybody.ask_without_key(
      "OPTIONS /v1/things", "Origin: https://page.example\r\nAccess-Control-Request-Method: BREW\r\n");
  EXPECT_EQ(method.status, 400);
  EXPECT_EQ(method.body, "Disallowed CORS method");
  const auto origin = listed.ask_without_key("OPTIONS /v1/things",
                                             "Origin: https://evil.example\r\nAccess-Control-Request-Method: GET\r\n");
  EXPECT_EQ(origin.status, 400);
  EXPECT_FALSE(origin.has("access-control-allow-origin"));
}

TEST_F(http_cors, options_without_a_requested_method_is_no_preflight) {
  EXPECT_EQ(anybody.ask("OPTIONS /v1/things", "Origin: https://page.example\r\n").status, 405);
}

} // namespace
} // namespace cued::http::test
