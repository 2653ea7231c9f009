#include "http/middleware/scope.hpp"

#include <algorithm>
#include <set>

#include <gmock/gmock.h>

#include "http/routes/table.hpp"

using namespace cued;
using namespace cued::http;
using boost::beast::http::verb;
using testing::UnorderedElementsAre;

namespace {

route some_route(verb method, opens to) {
  return route{method, "/x", auth::caller, body::none, nullptr, "A route"}.open(to);
}

std::string line(const route& r) {
  return std::string{boost::beast::http::to_string(r.method)} + ' ' + std::string{r.pattern};
}

/// The routes with a caller that a key of this scope opens.
std::set<std::string> opened(key_scope scope) {
  std::set<std::string> out;
  for (const auto& r : all_routes())
    if (r.who == auth::caller && opens_to(r, scope))
      out.insert(line(r));
  return out;
}

/// Whose answers hold a secret or a way to one, or tell of them.
constexpr std::string_view secret_paths[] = {
    "/v1/auth/key",     "/v1/auth/keys",     "/v1/auth/webhook-secret", "/v1/auth/alert-webhook-secret",
    "/v1/auth/session", "/v1/auth/audit-log"};

bool is_about_secrets(std::string_view pattern) {
  return std::any_of(
             std::begin(secret_paths), std::end(secret_paths),
             [&](std::string_view path) { return pattern == path || pattern.starts_with(std::string{path} + '/'); }) ||
         pattern.find("secret") != std::string_view::npos;
}

} // namespace

TEST(scope, the_table_of_scopes_and_routes_is_complete) {
  struct cell {
    opens to;
    verb method;
    bool read_only, worker;
  };
  for (const auto& [to, method, read_only, worker] :
       {cell{opens::by_method, verb::get, true, false}, cell{opens::by_method, verb::post, false, false},
        cell{opens::full_only, verb::get, false, false}, cell{opens::full_only, verb::delete_, false, false},
        cell{opens::to_worker, verb::get, true, true}, cell{opens::to_worker, verb::post, false, true},
        cell{opens::to_any_caller, verb::get, true, true}, cell{opens::to_any_caller, verb::post, true, true}}) {
    const auto asked = some_route(method, to);
    EXPECT_TRUE(opens_to(asked, key_scope::full));
    EXPECT_EQ(opens_to(asked, key_scope::read_only), read_only) << static_cast<int>(to) << ' ' << method;
    EXPECT_EQ(opens_to(asked, key_scope::worker), worker) << static_cast<int>(to) << ' ' << method;
  }
}

TEST(scope, a_refusal_names_the_scope) {
  const auto why = insufficient_scope(key_scope::read_only);
  EXPECT_EQ(why.status, 403);
  EXPECT_EQ(why.code, "insufficient_scope");
  EXPECT_NE(why.message.find("read_only"), std::string::npos);
}

/// Whoever adds a route that a worker needs adds it here, too, after a thought about stolen worker keys.
TEST(scope, a_worker_key_opens_what_a_worker_does_and_no_more) {
  EXPECT_THAT(opened(key_scope::worker),
              UnorderedElementsAre(
                  "GET /v1/auth/me", "POST /v1/worker/heartbeat", "GET /v1/executions/claimable",
                  "POST /v1/executions/claim", "POST /v1/executions/claim-batch", "POST /v1/executions/outcome-batch",
                  "GET /v1/executions/{execution_id}", "POST /v1/executions/{execution_id}/claim",
                  "POST /v1/executions/{execution_id}/heartbeat", "POST /v1/executions/{execution_id}/outcome",
                  "POST /v1/executions/{execution_id}/verification-pending",
                  "PATCH /v1/executions/{execution_id}/evidence", "POST /v1/executions/{execution_id}/live-claim"));
}

TEST(scope, a_read_only_key_opens_get_and_nothing_else) {
  for (const auto& r : all_routes()) {
    if (r.who == auth::caller && opens_to(r, key_scope::read_only)) {
      EXPECT_EQ(r.method, verb::get) << line(r);
    }
  }
  EXPECT_TRUE(opened(key_scope::read_only).contains("GET /v1/cues"));
  EXPECT_TRUE(opened(key_scope::read_only).contains("GET /v1/executions"));
}

TEST(scope, what_shows_or_changes_a_secret_opens_to_the_full_scope_only) {
  int seen = 0;
  for (const auto& r : all_routes()) {
    if (r.who != auth::caller || !is_about_secrets(r.pattern))
      continue;
    ++seen;
    EXPECT_EQ(r.to_keys, opens::full_only) << line(r);
  }
  EXPECT_GE(seen, 12);
}

TEST(scope, a_route_without_a_caller_says_nothing_of_scopes) {
  for (const auto& r : all_routes()) {
    if (r.who == auth::none) {
      EXPECT_EQ(r.to_keys, opens::by_method) << line(r);
    }
  }
}
