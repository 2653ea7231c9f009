#include <gtest/gtest.h>

#include "tests/http/house.hpp"
#include "tests/http/middleware/sample_routes.hpp"

namespace cued::http::test {
namespace {

constexpr std::string_view internal_token = "an-internal-token-of-32-characters";

struct http_authentication : ::testing::Test {
  house h{sample_routes};

  wire_response with(std::string headers) { return h.ask_without_key("GET /v1/things", std::move(headers)); }
};

TEST_F(http_authentication, a_known_key_is_its_user) {
  const auto answer = with(house::bearer(house::known_key));
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.body.find(house::user_id), std::string::npos);
}

TEST_F(http_authentication, blanks_around_the_token_do_not_matter) {
  EXPECT_EQ(with("Authorization: Bearer   " + std::string{house::known_key} + "  \r\n").status, 200);
}

TEST_F(http_authentication, anything_but_bearer_is_no_key) {
  for (const std::string header :
       {"", "Authorization: \r\n", "Authorization: Bearer\r\n", "Authorization: Basic YTpi\r\n",
        "X-API-Key: cue_sk_00112233445566778899aabbccddeeff\r\n",
        "Authorization: bearer cue_sk_00112233445566778899aabbccddeeff\r\n"}) {
    const auto answer = with(header);
    EXPECT_EQ(answer.status, 401) << header;
    EXPECT_EQ(code_of(answer), "invalid_api_key") << header;
    EXPECT_EQ(answer.header("www-authenticate"), "Bearer") << header;
  }
}

TEST_F(http_authentication, an_unknown_key_and_a_replaced_one_are_told_apart) {
  EXPECT_EQ(code_of(with(house::bearer(house::unknown_key))), "invalid_api_key");
  const auto rotated = with(house::bearer(house::rotated_key));
  EXPECT_EQ(code_of(rotated), "key_rotated");
  EXPECT_NE(rotated.body.find("rotated"), std::string::npos);
}

TEST_F(http_authentication, a_database_that_is_away_is_503_and_never_401) {
  const auto answer = with(house::bearer(house::key_during_outage));
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(code_of(answer), "service_unavailable");
  EXPECT_TRUE(answer.has("retry-after"));
}

TEST_F(http_authentication, who_is_cached_gets_in_while_the_database_is_away_until_his_time_is_up) {
  h.clock.advance(std::chrono::milliseconds{1'500});
  EXPECT_EQ(with(house::bearer(house::known_key)).status, 200) << "due for a refresh, which fails";
  h.clock.advance(std::chrono::milliseconds{600});
  EXPECT_EQ(with(house::bearer(house::known_key)).status, 503);
}

TEST_F(http_authentication, a_forgotten_key_is_looked_up_again) {
  h.principals.forget_user(house::user_id);
  EXPECT_EQ(with(house::bearer(house::known_key)).status, 503) << "the database was asked, and is away";
}

TEST_F(http_authentication, a_session_is_its_user_until_it_expires) {
  const auto token = h.sessions.make(house::user_id, "a@b.com", h.clock.now());
  ASSERT_TRUE(token);
  EXPECT_EQ(with(house::bearer(*token)).status, 200);
  h.clock.advance(std::chrono::hours{24});
  h.know_callers();
  EXPECT_EQ(code_of(with(house::bearer(*token))), "session_expired");
  EXPECT_EQ(code_of(with(house::bearer("not.a.token"))), "invalid_session");
}

TEST_F(http_authentication, a_session_of_a_user_who_is_gone_is_told_so) {
  const auto token = h.sessions.make(house::user_id, "a@b.com", h.clock.now());
  h.principals.store(h.principals.begin(), principal_cache::key_of_session(house::user_id), {}, h.clock.now());
  const auto answer = with(house::bearer(*token));
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(code_of(answer), "user_not_found");
}

config::settings with_internal_token(bool external_backend) {
  config::settings out;
  out.internal_auth_token = internal_token;
  out.external_auth_backend = external_backend;
  return out;
}

TEST(http_internal_token, needs_to_say_on_whose_behalf) {
  house h{sample_routes, with_internal_token(true)};
  const auto ask = [&](const std::string& more) {
    return h.ask_without_key("GET /v1/things", house::bearer(internal_token) + more);
  };
  EXPECT_EQ(code_of(ask("")), "internal_token_requires_on_behalf_of");
  EXPECT_EQ(code_of(ask("X-On-Behalf-Of: \r\n")), "internal_token_requires_on_behalf_of");
  EXPECT_EQ(code_of(ask("X-On-Behalf-Of: someone\r\n")), "invalid_on_behalf_of");
  EXPECT_EQ(ask("X-On-Behalf-Of: {11111111222243338444555555555555}\r\n").status, 400);
  EXPECT_EQ(ask("X-On-Behalf-Of: urn:uuid:11111111-2222-4333-8444-555555555555\r\n").status, 503)
      << "read from Postgres each time";
}

TEST(http_internal_token, is_a_bad_session_where_the_external_backend_is_off) {
  house h{sample_routes, with_internal_token(false)};
  const auto answer = h.ask_without_key("GET /v1/things", house::bearer(internal_token) + "X-On-Behalf-Of: x\r\n");
  EXPECT_EQ(code_of(answer), "invalid_session");
  EXPECT_FALSE(answer.has("x-ratelimit-limit")) << "but it is never limited";
}

TEST(http_internal_token, leaves_keys_as_they_are) {
  house h{sample_routes, with_internal_token(true)};
  EXPECT_EQ(h.ask("GET /v1/things", "X-On-Behalf-Of: nonsense\r\n").status, 200);
}

} // namespace
} // namespace cued::http::test
