#include "http/routes/routes.hpp"
#include "security/api_key.hpp"
#include "tests/http/routes/called_routes.hpp"
#include "tests/persistence/account_rows.hpp"

using namespace cued;
using namespace cued::test;
using namespace std::chrono_literals;
using boost::beast::http::verb;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

namespace {

const instant now = std::chrono::sys_days{std::chrono::year{2026} / 11 / 24} + 13h;
const std::string nobodys_key = "/v1/auth/keys/99999999-9999-4999-8999-999999999999";

principal as_ada() {
  principal caller;
  caller.user_id = ada;
  caller.email = "ada@b.com";
  caller.key_hash = "hash-of-ada";
  return caller;
}

/// Ada calls, by her account's own key.
class api_key_routes : public account_test {
protected:
  api_key_routes() { api_.settings.session_secret = "test-secret-key-32-chars-minimum"; }

  called_routes::answer make(const std::string& members) { return api_.post("/v1/auth/keys", "{" + members + "}"); }
  std::string key_path(const std::string& name) {
    return "/v1/auth/keys/" + database_.value("SELECT id FROM cued.api_keys WHERE name = '" + name + "'");
  }
  static std::string text(std::string_view unquoted) { return '"' + std::string{unquoted} + '"'; }
  static std::string unquoted(const std::string& json) { return json.substr(1, json.size() - 2); }

  called_routes api_{http::account_routes(), database_.options(), as_ada(), now};
  const called_routes::headers confirmed_{{"X-Confirm-Destructive", "true"}};
};

} // namespace

TEST_F(api_key_routes, a_new_key_is_shown_once_and_stored_as_its_hash) {
  const auto made = make(R"("name":"box","scope":"worker")");
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made["scope"], text("worker"));
  EXPECT_EQ(made["name"], text("box"));
  EXPECT_EQ(made["expires_at"], "null");
  const auto key = unquoted(made["api_key"]);
  EXPECT_THAT(key, MatchesRegex("cue_sk_[0-9a-f]{32}"));
  EXPECT_EQ(made["prefix"], text(key.substr(0, 12)));
  EXPECT_EQ(database_.value("SELECT key_hash FROM cued.api_keys"), security::api_key_hash(key));

  const auto listed = api_.get("/v1/auth/keys");
  EXPECT_EQ(listed.status, 200);
  EXPECT_THAT(listed.body, HasSubstr(R"("name":"box","scope":"worker")"));
  EXPECT_THAT(listed.body, Not(HasSubstr(key)));
  EXPECT_EQ(listed["account_key.prefix"], text("cue_sk_00112"));
}

TEST_F(api_key_routes, a_key_ends_after_days_or_at_a_time) {
  EXPECT_EQ(make(R"("name":"a","scope":"full","expires_in_days":30)")["expires_at"], text("2026-12-24T13:00:00Z"));
  EXPECT_EQ(make(R"("name":"b","scope":"full","expires_at":"2027-01-01T00:00:00+01:00")")["expires_at"],
            text("2026-12-31T23:00:00Z"));
}

TEST_F(api_key_routes, what_is_wrong_with_a_wish_is_told) {
  for (const auto* members :
       {R"("scope":"full")", R"("name":"","scope":"full")", R"("name":"  ","scope":"full")", R"("name":"a")",
        R"("name":"a","scope":"admin")", R"("name":"a","scope":"full","expires_in_days":0)",
        R"("name":"a","scope":"full","expires_in_days":3651)",
        R"("name":"a","scope":"full","expires_at":"2026-11-24T13:00:00Z")",
        R"("name":"a","scope":"full","expires_at":"2099-01-01T00:00:00Z")",
        R"("name":"a","scope":"full","expires_in_days":1,"expires_at":"2027-01-01T00:00:00Z")"}) {
    const auto refused = make(members);
    EXPECT_EQ(refused.status, 422) << members;
    EXPECT_EQ(refused.code(), "validation_error") << members;
  }
  EXPECT_EQ(make(R"("scope":"full","name":")" + std::string(65, 'x') + '"').status, 422);
  EXPECT_EQ(make(R"("scope":"full","name":")" + std::string(64, 'x') + '"').status, 201);
  EXPECT_EQ(make(R"("scope":"worker","name":")" + std::string(64, 'x') + '"').code(), "duplicate_key_name");
}

TEST_F(api_key_routes, a_revoked_key_is_listed_as_such_and_cannot_be_revoked_again) {
  ASSERT_EQ(make(R"("name":"box","scope":"worker")").status, 201);
  const auto path = key_path("box");
  EXPECT_EQ(api_.call(verb::delete_, path).status, 204);
  EXPECT_EQ(api_.call(verb::delete_, path).code(), "key_not_found");
  EXPECT_THAT(api_.get("/v1/auth/keys").body, Not(HasSubstr(R"("revoked_at":null)")));
}

TEST_F(api_key_routes, a_key_that_is_not_there_is_a_404) {
  EXPECT_EQ(api_.call(verb::delete_, nobodys_key).code(), "key_not_found");
  EXPECT_EQ(api_.call(verb::delete_, "/v1/auth/keys/box").code(), "key_not_found");
  EXPECT_EQ(api_.post(nobodys_key + "/rotate", {}, confirmed_).code(), "key_not_found");
  EXPECT_EQ(api_.post("/v1/auth/keys/box/rotate", {}, confirmed_).code(), "key_not_found");
}

TEST_F(api_key_routes, a_rotation_must_be_confirmed_and_gives_another_key_under_the_same_name) {
  const auto made = make(R"("name":"box","scope":"worker","expires_in_days":30)");
  const auto path = key_path("box") + "/rotate";
  EXPECT_EQ(api_.post(path).code(), "confirmation_required");
  const auto rotated = api_.post(path, {}, confirmed_);
  EXPECT_EQ(rotated.status, 200);
  EXPECT_NE(rotated["api_key"], made["api_key"]);
  EXPECT_EQ(rotated["id"], made["id"]);
  EXPECT_EQ(rotated["expires_at"], made["expires_at"]);
  EXPECT_EQ(rotated["previous_key_revoked"], "true");
  EXPECT_EQ(database_.value("SELECT key_hash FROM cued.api_keys"),
            security::api_key_hash(unquoted(rotated["api_key"])));
}

TEST_F(api_key_routes, a_named_key_regenerates_the_account_s_key_but_becomes_no_session) {
  const auto made = make(R"("name":"deploy","scope":"full")");
  auto by_name = as_ada();
  by_name.key_hash = security::api_key_hash(unquoted(made["api_key"]));
  by_name.key_id = unquoted(made["id"]);
  called_routes named{http::account_routes(), database_.options(), by_name, now};
  EXPECT_EQ(named.post("/v1/auth/key/regenerate", {}, confirmed_).status, 200);
  EXPECT_NE(database_.value("SELECT api_key_hash FROM users"), "hash-of-ada");
  EXPECT_EQ(named.post("/v1/auth/session/refresh").code(), "insufficient_scope");
}

TEST_F(api_key_routes, the_log_tells_what_was_done_newest_first_and_no_secret) {
  database_.exec("DELETE FROM cued.audit_log");
  const auto key = unquoted(make(R"("name":"box","scope":"worker")")["api_key"]);
  ASSERT_EQ(api_.post(key_path("box") + "/rotate", {}, confirmed_).status, 200);
  ASSERT_EQ(api_.patch("/v1/auth/me", R"({"email":"ada@c.com"})").status, 200);
  ASSERT_EQ(api_.get("/v1/auth/webhook-secret").status, 200);
  ASSERT_EQ(api_.call(verb::delete_, key_path("box")).status, 204);

  const auto page = api_.get("/v1/auth/audit-log?limit=4");
  EXPECT_EQ(page.status, 200);
  std::vector<std::string> actions;
  const auto document = json::parse(page.body);
  for (const auto& record : document->find("records")->items())
    actions.push_back(record.find("action")->as_string());
  EXPECT_THAT(actions, testing::ElementsAre("named_key_revoked", "webhook_secret_revealed", "account_changed",
                                            "named_key_rotated"));
  EXPECT_THAT(page.body, HasSubstr(R"("details":{"email": "ada@c.com"})"));

  const auto rest = api_.get("/v1/auth/audit-log?limit=4&before=" + page["next_before"]);
  EXPECT_THAT(rest.body, HasSubstr(R"("action":"named_key_made")"));
  EXPECT_THAT(rest.body, HasSubstr(R"("scope": "worker")"));
  EXPECT_EQ(rest["next_before"], "null");
  for (const auto& body : {page.body, rest.body}) {
    EXPECT_THAT(body, Not(HasSubstr(key)));
    EXPECT_THAT(body, Not(HasSubstr("whsec_")));
  }
  EXPECT_EQ(api_.get("/v1/auth/audit-log?limit=101").status, 422);
  EXPECT_EQ(api_.get("/v1/auth/audit-log?before=x").status, 422);
}
