#include <gtest/gtest.h>

#include "domain/usage.hpp"
#include "http/routes/routes.hpp"
#include "tests/http/house.hpp"
#include "tests/http/middleware/sample_routes.hpp"
#include "tests/persistence/account_rows.hpp"

/// Authentication against rows in Postgres: what the cache is filled from.
namespace cued::http::test {
namespace {

constexpr std::string_view adas_key = "cue_sk_adaadaadaadaadaadaadaadaadaadaad";
constexpr std::string_view internal_token = "an-internal-token-of-32-characters";

config::settings with_external_backend() {
  config::settings out;
  out.external_auth_backend = true;
  out.internal_auth_token = internal_token;
  return out;
}

class caller_lookup : public cued::test::database_test {
protected:
  caller_lookup() {
    using namespace cued::test;
    auto row = registration(ada, "ada@b.com", security::api_key_hash(adas_key));
    row.rate_limit_per_minute = 7;
    if (const auto made = persistence::insert_user(link_, row, some_act()); !made)
      ADD_FAILURE() << made.error().message;
  }

  wire_response ask(const std::string& headers) { return h.ask_without_key("GET /v1/things", headers); }
  void let_cache_expire() { h.clock.advance(std::chrono::seconds{2}); }

  house h{sample_routes, with_external_backend(), database_.options()};
};

TEST_F(caller_lookup, a_key_leads_to_its_user_and_his_limit) {
  const auto answer = ask(house::bearer(adas_key));
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.body.find(cued::test::ada), std::string::npos);
  EXPECT_EQ(answer.header("x-ratelimit-limit"), "7") << "from the first request on";
}

TEST_F(caller_lookup, a_key_that_is_nobodys_is_401) {
  EXPECT_EQ(code_of(ask(house::bearer(house::key_during_outage))), "invalid_api_key");
}

TEST_F(caller_lookup, what_others_change_is_seen_when_the_cache_has_expired) {
  EXPECT_EQ(ask(house::bearer(adas_key)).status, 200);
  database_.exec("DELETE FROM users");
  EXPECT_EQ(ask(house::bearer(adas_key)).status, 200);
  let_cache_expire();
  EXPECT_EQ(ask(house::bearer(adas_key)).status, 401);
}

TEST_F(caller_lookup, what_we_change_is_seen_at_once) {
  EXPECT_EQ(ask(house::bearer(adas_key)).status, 200);
  database_.exec("UPDATE users SET rate_limit_per_minute = 9");
  h.principals.forget_user(cued::test::ada);
  EXPECT_EQ(ask(house::bearer(adas_key)).header("x-ratelimit-limit"), "9");
}

TEST_F(caller_lookup, a_replaced_key_is_told_so_for_a_day) {
  database_.exec("UPDATE users SET api_key_hash = 'another'");
  database_.exec("INSERT INTO cued.rotated_keys (key_hash, user_id, rotated_at) VALUES ('" +
                 security::api_key_hash(adas_key) + "', '" + cued::test::ada + "', now())");
  EXPECT_EQ(code_of(ask(house::bearer(adas_key))), "key_rotated");
  let_cache_expire();
  database_.exec("UPDATE cued.rotated_keys SET rotated_at = now() - interval '25 hours'");
  EXPECT_EQ(code_of(ask(house::bearer(adas_key))), "invalid_api_key");
}

TEST_F(caller_lookup, a_session_leads_to_its_user) {
  const auto token = h.sessions.make(cued::test::ada, "ada@b.com", h.clock.now());
  EXPECT_NE(ask(house::bearer(*token)).body.find(cued::test::ada), std::string::npos);
  database_.exec("DELETE FROM users");
  let_cache_expire();
  EXPECT_EQ(code_of(ask(house::bearer(*token))), "user_not_found");
}

TEST_F(caller_lookup, the_internal_token_acts_for_whom_it_names_and_is_never_cached) {
  const auto on_behalf = house::bearer(internal_token) + "X-On-Behalf-Of: " + cued::test::ada + "\r\n";
  const auto answer = ask(on_behalf);
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.body.find(cued::test::ada), std::string::npos);
  EXPECT_FALSE(answer.has("x-ratelimit-limit"));
  database_.exec("DELETE FROM users");
  const auto gone = ask(on_behalf);
  EXPECT_EQ(gone.status, 404);
  EXPECT_EQ(code_of(gone), "user_not_found");
}

TEST_F(caller_lookup, four_fifths_of_the_months_executions_are_a_warning) {
  const auto month = date_text(month_of(h.clock.now()).first);
  database_.exec("INSERT INTO usage_monthly (user_id, month_start, execution_count) VALUES ('" + cued::test::ada +
                 "', '" + month + "', 239)");
  EXPECT_FALSE(ask(house::bearer(adas_key)).has("x-cueapi-usage-warning"));
  database_.exec("UPDATE usage_monthly SET execution_count = 240");
  let_cache_expire();
  EXPECT_EQ(ask(house::bearer(adas_key)).header("x-cueapi-usage-warning"), "approaching_limit");
}

class health_with_database : public cued::test::database_test {
protected:
  house h{public_routes(), {}, database_.options()};
};

TEST_F(health_with_database, everything_is_well) {
  h.pulse.beat(h.clock.now(), 0, std::chrono::milliseconds{1});
  const auto answer = h.ask_without_key("GET /health");
  const auto health = json::parse(answer.body);
  ASSERT_TRUE(health);
  EXPECT_EQ(health->find("status")->as_string(), "healthy");
  EXPECT_EQ(health->find("services")->find("postgres")->as_string(), "ok");
  EXPECT_EQ(health->find("services")->find("poller")->as_string(), "ok");
  EXPECT_EQ(health->find("services")->find("worker")->as_string(), "none");
  EXPECT_EQ(health->find("workers")->members().size(), 1u) << "no heartbeat to tell of";
  for (const auto* name : {"pending_outbox", "stale_executions", "pending_retries", "pending_worker_claims"})
    EXPECT_EQ(health->find("queue")->find(name)->number_text(), "0") << name;
  EXPECT_EQ(h.ask_without_key("GET /status").body, R"({"status":"healthy"})");
}

TEST_F(health_with_database, no_pulse_yet_is_healthy_and_a_stale_one_is_degraded) {
  EXPECT_EQ(h.ask_without_key("GET /status").body, R"({"status":"healthy"})");
  h.pulse.beat(h.clock.now(), 0, std::chrono::milliseconds{1});
  h.clock.advance(std::chrono::seconds{31});
  const auto status = h.ask_without_key("GET /status");
  EXPECT_EQ(status.status, 200);
  EXPECT_EQ(status.body, R"({"status":"degraded","reason":"poller stale"})");
}

} // namespace
} // namespace cued::http::test
