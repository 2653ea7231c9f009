#include <gtest/gtest.h>

#include "security/digest.hpp"
#include "tests/http/house.hpp"
#include "tests/http/middleware/sample_routes.hpp"

namespace cued::http::test {
namespace {

constexpr const char* please = "X-CueAPI-Verify-Echo:  TRUE \r\nContent-Type: application/json\r\n";
constexpr const char* hash_of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

struct http_verify_echo : ::testing::Test {
  house h{sample_routes};

  void expect_echo(std::string_view sent, std::string_view value, std::string_view sha256) {
    const auto answer = h.ask("POST /v1/things/a/ack", please, sent);
    EXPECT_EQ(answer.body, R"({"id":"a","body_received":)" + std::string{value} + R"(,"body_received_sha256":")" +
                               std::string{sha256} + R"("})")
        << sent;
  }
};

TEST_F(http_verify_echo, vectors_of_the_specification_hold) {
  expect_echo("", "null", hash_of_nothing);
  expect_echo("null", "null", "74234e98afe7498fb5daf1f36ac2d78acc339464f950703b8c019892f982b90b");
  expect_echo("[1,2]", "[1,2]", "49a64717d5d4cb19952e6eac2946415cf6879adacf9908e7d872332d32c6e684");
  expect_echo(R"({"b":1,"a":{"d":1,"c":2},"b":3})", R"({"a":{"c":2,"d":1},"b":3})",
              "59a9b8d6ca2af4495eed90daaaceb042f74eedab118da66557827ec1ab3e43cd");
  expect_echo(R"({"display_name":"A é 😀","metadata":{"b":1.0,"a":[1,2.50,1e3]}})",
              R"({"display_name":"A é 😀","metadata":{"a":[1,2.5,1000.0],"b":1.0}})",
              "7b9b9ab2ae0fe726cada0c95ee809c12d462c43126813c62365e4efd2b98d1bf");
}

TEST_F(http_verify_echo, what_is_not_json_comes_back_as_text) {
  expect_echo("h\"i", R"("h\"i")", security::sha256_hex("h\"i"));
  expect_echo("\xFF!", "\"\xEF\xBF\xBD!\"", security::sha256_hex("\xFF!"));
}

TEST_F(http_verify_echo, only_the_word_true_asks_for_it) {
  for (const std::string word : {"1", "yes", "", "truee"})
    EXPECT_EQ(h.ask("POST /v1/things/a/ack", "X-CueAPI-Verify-Echo: " + word + "\r\n", "{}").body, R"({"id":"a"})")
        << word;
}

TEST_F(http_verify_echo, other_answers_are_left_alone) {
  EXPECT_EQ(h.ask("GET /v1/things/a", please).body, R"({"id":"a"})") << "not for GET";
  EXPECT_EQ(h.ask("POST /v1/numbers", please, "{}").body, "[1]") << "not for lists";
  const auto refused = h.ask("POST /v1/things", please, "{}");
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(refused.body.find("body_received"), std::string::npos) << "not for errors";
  EXPECT_EQ(h.ask("DELETE /v1/things/a", please).status, 204);
}

TEST_F(http_verify_echo, status_and_other_members_stay) {
  const auto answer = h.ask("POST /v1/things", please, R"({"name":"n"})");
  EXPECT_EQ(answer.status, 201);
  EXPECT_TRUE(answer.body.starts_with(R"({"name":"n","body_received":{"name":"n"},)")) << answer.body;
}

} // namespace
} // namespace cued::http::test
