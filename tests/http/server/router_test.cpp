#include <array>

#include <gtest/gtest.h>

#include "http/server/router.hpp"

namespace cued::http {
namespace {

using boost::beast::http::verb;

constexpr std::array routes{
    route{verb::get, "/health", auth::none, body::none, nullptr, "health"},
    route{verb::get, "/v1/executions", auth::none, body::none, nullptr, "list"},
    route{verb::get, "/v1/executions/claimable", auth::none, body::none, nullptr, "claimable"},
    route{verb::post, "/v1/executions/claim", auth::none, body::none, nullptr, "claim"},
    route{verb::get, "/v1/executions/{id}", auth::none, body::none, nullptr, "get"},
    route{verb::post, "/v1/executions/{id}/outcome", auth::none, body::none, nullptr, "outcome"},
    route{verb::delete_, "/v1/agents/{ref}/sessions/{id}", auth::none, body::none, nullptr, "two"},
};

struct router_test : ::testing::Test {
  router r{routes};
  std::string_view found(verb method, std::string_view path) {
    const auto m = r.find(method, path);
    return m.to ? m.to->summary : "-";
  }
};

TEST_F(router_test, finds_by_method_and_path) {
  EXPECT_EQ(found(verb::get, "/v1/executions"), "list");
  EXPECT_EQ(found(verb::get, "/v1/executions/abc"), "get");
  EXPECT_EQ(found(verb::post, "/v1/executions/abc/outcome"), "outcome");
}

TEST_F(router_test, hands_out_parameters_in_their_order) {
  const auto m = r.find(verb::delete_, "/v1/agents/bot@acme/sessions/7");
  EXPECT_EQ(m.params, (std::vector<std::string>{"bot@acme", "7"}));
}

TEST_F(router_test, a_literal_wins_over_a_parameter) {
  EXPECT_EQ(found(verb::get, "/v1/executions/claimable"), "claimable");
  EXPECT_EQ(found(verb::post, "/v1/executions/claim"), "claim");
}

TEST_F(router_test, a_parameter_with_the_method_wins_over_a_literal_without) {
  EXPECT_EQ(found(verb::get, "/v1/executions/claim"), "get");
}

TEST_F(router_test, head_is_get) { EXPECT_EQ(found(verb::head, "/health"), "health"); }

TEST_F(router_test, the_wrong_method_is_told_the_right_ones) {
  const auto m = r.find(verb::put, "/v1/executions/claim");
  EXPECT_EQ(m.what, router::verdict::wrong_method);
  EXPECT_EQ(m.allow, "GET, HEAD, POST");
}

TEST_F(router_test, one_slash_too_many_is_told_where_to_go) {
  const auto m = r.find(verb::patch, "/v1/executions/a b/");
  EXPECT_EQ(m.what, router::verdict::trailing_slash);
  EXPECT_EQ(m.location, "/v1/executions/a%20b");
}

TEST_F(router_test, anything_else_is_unknown) {
  for (const std::string_view path :
       {std::string_view{"/"}, std::string_view{""}, std::string_view{"*"}, std::string_view{"/V1/executions"},
        std::string_view{"//v1/executions"}, std::string_view{"/v1//executions"}, std::string_view{"/v1/executions//"},
        std::string_view{"/v1/executions/a/b"}, std::string_view{"/v1"}, std::string_view{"/v1/"},
        std::string_view{"/v1/executions/\0", 16}, std::string_view{"v1/executions"}})
    EXPECT_EQ(r.find(verb::get, path).what, router::verdict::unknown) << path;
}

} // namespace
} // namespace cued::http
