#include <gtest/gtest.h>

#include "http/routes/routes.hpp"
#include "http/routes/table.hpp"
#include "tests/http/house.hpp"

namespace cued::http::test {
namespace {

constexpr std::string_view token = "a-token-of-16-ch";

json::value body_of(const wire_response& answer) {
  auto parsed = json::parse(answer.body);
  EXPECT_TRUE(parsed) << answer.body;
  return parsed ? *parsed : json::value{};
}

std::string text_at(const json::value& v, std::string_view name) {
  const auto* found = v.find(name);
  return found ? found->as_string() : "-";
}

struct http_public_routes : ::testing::Test {
  house h{public_routes()};
  std::string echo_path = "/v1/echo/" + std::string{token};
};

TEST_F(http_public_routes, info_has_exactly_its_four_members) {
  const auto info = body_of(h.ask_without_key("GET /v1/info"));
  EXPECT_EQ(info.members().size(), 4u);
  EXPECT_EQ(text_at(info, "version"), "9.9.9");
  EXPECT_EQ(text_at(info, "authorization_backend"), "SameTenantAuthorizationBackend");
  EXPECT_TRUE(info.find("disabled_primitives")->items().empty());
}

TEST(http_info, tells_what_is_switched_and_no_secret) {
  config::settings chosen;
  chosen.external_auth_backend = true;
  chosen.internal_auth_token = "an-internal-token-of-32-characters";
  chosen.authz_hook_url = "https://hook.example/secret";
  chosen.disable_cue_primitive = chosen.disable_quota_enforcement = chosen.disable_device_code = true;
  house h{public_routes(), chosen};
  EXPECT_EQ(h.ask_without_key("GET /v1/info").body,
            R"({"version":"9.9.9","authorization_backend":"WebhookAuthorizationBackend",)"
            R"("authentication_paths":{"per_user_api_key":true,"internal_token_with_on_behalf_of":true},)"
            R"("disabled_primitives":["cues","quotas","device_code"]})");
}

TEST_F(http_public_routes, health_names_the_parts_of_the_engine_that_are_not_well) {
  EXPECT_EQ(json::compact(*body_of(h.ask_without_key("GET /health")).find("engine")),
            R"({"status":"ok","troubled":[]})");
  using state = actors::member_trouble::state;
  h.engine.unwell = {{"claim[0]", state::restarting, 3, {}}, {"outcome[1]", state::stuck, 0, std::chrono::seconds{75}}};
  const auto health = body_of(h.ask_without_key("GET /health"));
  EXPECT_EQ(text_at(health, "status"), "degraded");
  EXPECT_EQ(json::compact(*health.find("engine")),
            R"({"status":"degraded","troubled":[{"member":"claim[0]","state":"restarting","deaths":3},)"
            R"({"member":"outcome[1]","state":"stuck","seconds":75}]})");
}

TEST_F(http_public_routes, health_is_told_with_200_while_the_database_is_away) {
  const auto answer = h.ask_without_key("GET /health");
  EXPECT_EQ(answer.status, 200);
  const auto health = body_of(answer);
  EXPECT_EQ(text_at(health, "status"), "degraded");
  EXPECT_EQ(text_at(health, "version"), "1.0.0");
  const auto& services = *health.find("services");
  EXPECT_EQ(text_at(services, "postgres"), "error");
  EXPECT_EQ(text_at(services, "poller"), "unknown");
  EXPECT_EQ(text_at(services, "worker"), "unknown");
  EXPECT_EQ(text_at(*health.find("poller"), "status"), "unknown");
  EXPECT_EQ(health.find("workers"), nullptr);
  EXPECT_TRUE(health.find("queue")->members().empty());
}

TEST_F(http_public_routes, a_clock_that_has_not_looked_for_half_a_minute_is_stale) {
  h.pulse.beat(h.clock.now(), 7, std::chrono::milliseconds{12});
  h.clock.advance(std::chrono::seconds{30});
  EXPECT_EQ(text_at(*body_of(h.ask_without_key("GET /health")).find("services"), "poller"), "ok");
  h.clock.advance(std::chrono::seconds{1});
  const auto health = body_of(h.ask_without_key("GET /health"));
  EXPECT_EQ(text_at(*health.find("services"), "poller"), "stale");
  const auto& poller = *health.find("poller");
  EXPECT_EQ(text_at(poller, "last_run"), "2025-11-24T22:00:00+00:00");
  EXPECT_EQ(poller.find("seconds_ago")->number_text(), "31");
  EXPECT_EQ(poller.find("cues_last_cycle")->number_text(), "7");
  EXPECT_EQ(poller.find("cycle_duration_ms")->number_text(), "12");
}

TEST_F(http_public_routes, status_is_503_without_the_database) {
  const auto answer = h.ask_without_key("GET /status");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.body, R"({"status":"down","reason":"postgres unreachable"})");
}

TEST_F(http_public_routes, an_echo_is_fetched_by_who_knows_the_token_and_has_a_key) {
  EXPECT_EQ(h.ask("GET " + echo_path).body, R"({"status":"waiting"})");
  const auto stored = h.ask_without_key("POST " + echo_path, "X-A: 1\r\nx-a: 2\r\nCookie: c\r\n" + house::bearer("t"),
                                        R"({"b": 1.10, "a": []})");
  EXPECT_EQ(stored.body, R"({"stored":true})");
  const auto note = body_of(h.ask("GET " + echo_path));
  EXPECT_EQ(text_at(note, "status"), "delivered");
  EXPECT_EQ(json::compact(*note.find("payload")), R"({"b":1.10,"a":[]})");
  EXPECT_EQ(text_at(note, "received_at"), "2025-11-24T22:00:00+00:00");
  const auto& headers = *note.find("headers");
  EXPECT_EQ(text_at(headers, "x-a"), "2");
  EXPECT_EQ(headers.find("authorization"), nullptr) << "not for everybody who knows the token";
  EXPECT_EQ(headers.find("cookie"), nullptr);
  EXPECT_EQ(h.ask_without_key("GET " + echo_path).status, 401);
}

TEST_F(http_public_routes, an_echo_is_judged_by_token_then_size_then_rate_then_json) {
  const std::string large(1'000'001, '1');
  EXPECT_EQ(code_of(h.ask_without_key("POST /v1/echo/short", "", large)), "invalid_token");
  EXPECT_EQ(code_of(h.ask_without_key("POST " + echo_path, "", large)), "payload_too_large");
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(code_of(h.ask_without_key("POST " + echo_path, "", "{")), "invalid_json");
  const auto refused = h.ask_without_key("POST " + echo_path, "", "{");
  EXPECT_EQ(refused.status, 429);
  EXPECT_TRUE(refused.has("retry-after"));
}

TEST_F(http_public_routes, metrics_are_told_in_the_text_format) {
  EXPECT_EQ(h.ask_without_key("GET /v1/info").status, 200);
  const auto answer = h.ask_without_key("GET /metrics");
  EXPECT_NE(answer.body.find(R"(cued_http_requests_total{method="GET",route="/v1/info",status="2xx"} 1)"),
            std::string::npos)
      << answer.body;
}

TEST_F(http_public_routes, documentation_names_every_route_and_loads_nothing_from_elsewhere) {
  const auto page = h.ask_without_key("GET /docs");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.body.find("http://"), std::string::npos);
  EXPECT_EQ(page.body.find("https://"), std::string::npos);
  EXPECT_EQ(page.body.find("<script"), std::string::npos);
  const auto document = body_of(h.ask_without_key("GET /openapi.json"));
  for (const auto& r : public_routes()) {
    EXPECT_NE(page.body.find(r.pattern), std::string::npos) << r.pattern;
    EXPECT_NE(document.find("paths")->find(r.pattern), nullptr) << r.pattern;
  }
}

TEST_F(http_public_routes, documentation_is_the_same_each_time_it_is_asked_for) {
  for (const auto* path : {"GET /openapi.json", "GET /docs"}) {
    const auto first = h.ask_without_key(path);
    EXPECT_EQ(first.status, 200);
    EXPECT_GT(first.body.size(), 1000U);
    EXPECT_EQ(h.ask_without_key(path).body, first.body);
  }
}

TEST_F(http_public_routes, where_the_reference_comes_back_from_oauth_there_is_a_page_too) {
  const auto page = h.ask_without_key("GET /docs/oauth2-redirect");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.header("content-type"), "text/html; charset=utf-8");
  EXPECT_NE(page.body.find("href=\"/docs\""), std::string::npos);
  EXPECT_TRUE(page.has("x-ratelimit-limit")) << "not one of the exempt paths";
}

std::vector<std::string_view> patterns(const config::settings& settings) {
  std::vector<std::string_view> out;
  for (const auto& r : enabled_routes(settings))
    out.push_back(r.pattern);
  return out;
}

bool offers(const config::settings& settings, std::string_view pattern) {
  const auto all = patterns(settings);
  return std::find(all.begin(), all.end(), pattern) != all.end();
}

TEST(http_route_table, production_hides_the_documentation) {
  config::settings chosen;
  EXPECT_TRUE(offers(chosen, "/docs"));
  chosen.env = "production";
  for (const auto* path : {"/docs", "/redoc", "/openapi.json", "/docs/oauth2-redirect"})
    EXPECT_FALSE(offers(chosen, path)) << path;
  EXPECT_TRUE(offers(chosen, "/health"));
}

TEST(http_route_table, switches_take_whole_parts_away) {
  config::settings without_cues;
  without_cues.disable_cue_primitive = true;
  EXPECT_FALSE(offers(without_cues, "/v1/executions/{execution_id}"));
  EXPECT_FALSE(offers(without_cues, "/v1/workers"));
  EXPECT_TRUE(offers(without_cues, "/v1/usage"));
  config::settings without_login;
  without_login.disable_device_code = true;
  for (const auto* path : {"/v1/auth/device-code", "/v1/auth/device-code/poll", "/v1/auth/verify", "/auth/device"}) {
    EXPECT_TRUE(offers({}, path)) << path;
    EXPECT_FALSE(offers(without_login, path)) << path;
  }
  EXPECT_TRUE(offers(without_login, "/v1/auth/session"));
}

TEST(http_route_table, no_two_routes_are_the_same) {
  std::vector<std::string> seen;
  for (const auto& r : all_routes())
    seen.push_back(std::string{to_string(r.method)} + " " + std::string{r.pattern});
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(std::adjacent_find(seen.begin(), seen.end()), seen.end());
}

} // namespace
} // namespace cued::http::test
