#include "http/routes/routes.hpp"
#include "persistence/user_secrets.hpp"
#include "security/api_key.hpp"
#include "tests/http/routes/called_routes.hpp"
#include "tests/persistence/account_rows.hpp"

using namespace cued;
using namespace cued::test;
using namespace std::chrono_literals;
using boost::beast::http::verb;

namespace {

const instant now = std::chrono::sys_days{std::chrono::year{2026} / 11 / 24} + 13h;

principal as_ada(const std::string& key_hash) {
  principal caller;
  caller.user_id = ada;
  caller.email = "ada@b.com";
  caller.key_hash = key_hash;
  return caller;
}

/// Ada calls, by her API key.
class account_routes : public account_test {
protected:
  account_routes() { api_.settings.session_secret = "test-secret-key-32-chars-minimum"; }

  static std::string text(std::string_view unquoted) { return '"' + std::string{unquoted} + '"'; }
  static std::string unquoted(const std::string& json) { return json.substr(1, json.size() - 2); }

  called_routes api_{http::account_routes(), database_.options(), as_ada(ada_hash), now};
  const called_routes::headers confirmed_{{"X-Confirm-Destructive", "true"}};
};

} // namespace

// -- registration ------------------------------------------------------------

TEST_F(account_routes, a_registration_shows_the_key_that_then_leads_to_the_account) {
  const auto answer = api_.post("/v1/auth/register", R"({"email":" Carol@B.com ","plan":"pro"})");
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer["email"], text("Carol@b.com"));
  const auto found =
      persistence::find_principal_by_key_hash(link_, security::api_key_hash(unquoted(answer["api_key"])));
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->email, "Carol@b.com");
  EXPECT_EQ((*found)->plan, "free");
  EXPECT_EQ(database_.value("SELECT slug FROM users WHERE email = 'Carol@b.com'"), "carol");
}

TEST_F(account_routes, a_registered_key_is_not_where_a_device_login_would_reveal_it) {
  ASSERT_EQ(api_.post("/v1/auth/register", R"({"email":"carol@b.com"})").status, 201);
  EXPECT_EQ(database_.value("SELECT api_key_encrypted FROM users WHERE email = 'carol@b.com'"), "");
  EXPECT_EQ(database_.value("SELECT count(*) FROM cued.registered_keys"), "1");
}

TEST_F(account_routes, what_is_no_address_is_a_422_before_all_else) {
  api_.settings.allow_register = false;
  EXPECT_EQ(api_.post("/v1/auth/register", R"({"email":"not an email"})").status, 422);
  EXPECT_EQ(api_.post("/v1/auth/register", R"({})").code(), "validation_error");
}

TEST_F(account_routes, a_taken_address_is_a_conflict) {
  const auto answer = api_.post("/v1/auth/register", R"({"email":"ada@B.com"})");
  EXPECT_EQ(answer.status, 409);
  EXPECT_EQ(answer.code(), "duplicate_email");
}

TEST_F(account_routes, closed_registration_looks_like_no_route) {
  api_.settings.allow_register = false;
  const auto answer = api_.post("/v1/auth/register", R"({"email":"carol@b.com"})");
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.code(), "not_found");
}

// -- the account -------------------------------------------------------------

TEST_F(account_routes, the_account_shows_what_whoami_needs) {
  const auto answer = api_.get("/v1/auth/me");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"email":"ada@b.com","plan":"free","active_cues":0,"active_cue_limit":10,)"
                         R"("executions_this_month":0,"monthly_execution_limit":300,"rate_limit_per_minute":60,)"
                         R"("has_webhook_secret":true,"api_key_prefix":"cue_sk_00112","slug":"ada"})");
}

TEST_F(account_routes, a_change_without_a_known_member_is_refused) {
  for (const auto* body : {R"({})", R"({"email":null,"alert_webhook_url":null})", R"({"slug":"new"})"}) {
    const auto answer = api_.patch("/v1/auth/me", body);
    EXPECT_EQ(answer.status, 422) << body;
    EXPECT_EQ(answer.code(), "no_fields") << body;
  }
}

TEST_F(account_routes, an_address_is_changed_under_the_rules_of_registration) {
  EXPECT_EQ(api_.patch("/v1/auth/me", R"({"email":"not an email"})").code(), "validation_error");
  const auto answer = api_.patch("/v1/auth/me", R"({"email":"Ada@C.com"})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer["updated_at"].substr(answer["updated_at"].size() - 7), "+00:00\"");
  EXPECT_EQ(api_.get("/v1/auth/me")["email"], text("Ada@c.com"));
}

TEST_F(account_routes, an_alert_url_is_vetted_and_can_be_cleared) {
  const auto refused = api_.patch("/v1/auth/me", R"({"alert_webhook_url":"https://127.0.0.1/hook"})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.code(), "invalid_alert_webhook_url");
  EXPECT_EQ(api_.patch("/v1/auth/me", R"({"alert_webhook_url":"https://93.184.216.34/hook"})").status, 200);
  EXPECT_EQ(database_.value("SELECT alert_webhook_url FROM users"), "https://93.184.216.34/hook");
  EXPECT_EQ(api_.patch("/v1/auth/me", R"({"alert_webhook_url":""})").status, 200);
  EXPECT_EQ(database_.value("SELECT alert_webhook_url FROM users"), "");
}

TEST_F(account_routes, an_alert_url_longer_than_its_column_is_a_422) {
  const auto url = "https://93.184.216.34/" + std::string(2048, 'a');
  EXPECT_EQ(api_.patch("/v1/auth/me", R"({"alert_webhook_url":")" + url + "\"}").status, 422);
}

// -- the key -----------------------------------------------------------------

TEST_F(account_routes, a_key_that_was_never_encrypted_is_told_to_be_gone) {
  const auto answer = api_.get("/v1/auth/key");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer["api_key"], "null");
  EXPECT_EQ(answer["prefix"], text("cue_sk_00112"));
  EXPECT_NE(answer["message"], "");
}

TEST_F(account_routes, a_new_key_replaces_the_old_one_and_can_be_shown_again) {
  const auto answer = api_.post("/v1/auth/key/regenerate", {}, confirmed_);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer["previous_key_revoked"], "true");
  const auto key = unquoted(answer["api_key"]);
  EXPECT_EQ(database_.value("SELECT api_key_hash FROM users"), security::api_key_hash(key));
  EXPECT_EQ(persistence::was_rotated(link_, ada_hash), true);
  EXPECT_EQ(api_.get("/v1/auth/key")["api_key"], text(key));
}

TEST_F(account_routes, a_key_that_another_program_rotated_is_not_shown) {
  ASSERT_EQ(api_.post("/v1/auth/key/regenerate", {}, confirmed_).status, 200);
  database_.exec("UPDATE users SET api_key_hash = 'set by another program'");
  EXPECT_EQ(api_.get("/v1/auth/key")["api_key"], "null");
}

TEST_F(account_routes, the_registered_key_is_shown_again) {
  const auto registered = api_.post("/v1/auth/register", R"({"email":"carol@b.com"})");
  auto carol = as_ada("");
  carol.user_id = database_.value("SELECT id FROM users WHERE email = 'carol@b.com'");
  called_routes her_api{http::account_routes(), database_.options(), carol, now};
  her_api.settings.session_secret = api_.settings.session_secret;
  EXPECT_EQ(her_api.get("/v1/auth/key")["api_key"], registered["api_key"]);
}

TEST_F(account_routes, the_loser_of_two_regenerations_is_told) {
  ASSERT_EQ(api_.post("/v1/auth/key/regenerate", {}, confirmed_).status, 200);
  const auto answer = api_.post("/v1/auth/key/regenerate", {}, confirmed_); // still as the owner of the first key
  EXPECT_EQ(answer.status, 409);
}

TEST_F(account_routes, a_session_regenerates_the_key_in_force) {
  called_routes by_session{http::account_routes(), database_.options(), as_ada(""), now};
  ASSERT_EQ(by_session.post("/v1/auth/key/regenerate", {}, confirmed_).status, 200);
  EXPECT_EQ(persistence::was_rotated(link_, ada_hash), true);
}

// -- secrets -----------------------------------------------------------------

TEST_F(account_routes, what_cannot_be_undone_must_be_confirmed) {
  for (const auto* path :
       {"/v1/auth/key/regenerate", "/v1/auth/webhook-secret/regenerate", "/v1/auth/alert-webhook-secret/regenerate"}) {
    const auto answer = api_.post(path);
    EXPECT_EQ(answer.status, 400) << path;
    EXPECT_EQ(answer.code(), "confirmation_required") << path;
  }
}

TEST_F(account_routes, the_webhook_secret_is_shown_and_replaced) {
  const auto before = api_.get("/v1/auth/webhook-secret")["webhook_secret"];
  const auto answer = api_.post("/v1/auth/webhook-secret/regenerate", {}, confirmed_);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer["previous_secret_revoked"], "true");
  EXPECT_NE(answer["webhook_secret"], before);
  EXPECT_EQ(api_.get("/v1/auth/webhook-secret")["webhook_secret"], answer["webhook_secret"]);
}

TEST_F(account_routes, a_rotation_with_overlap_tells_until_when_the_replaced_secret_signs) {
  for (const std::string path : {"/v1/auth/webhook-secret", "/v1/auth/alert-webhook-secret"}) {
    ASSERT_EQ(api_.get(path).status, 200);
    const auto answer = api_.post(path + "/regenerate?overlap_seconds=604800", {}, confirmed_);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer["previous_secret_revoked"], "false");
    EXPECT_EQ(answer["previous_secret_valid_until"].back(), '"');
    const auto plain = api_.post(path + "/regenerate?overlap_seconds=0", {}, confirmed_);
    EXPECT_EQ(plain["previous_secret_revoked"], "true");
    EXPECT_EQ(plain["previous_secret_valid_until"], "");
  }
  EXPECT_EQ(database_.value("SELECT string_agg(details->>'overlap_seconds', ',') FROM cued.audit_log"),
            "604800,604800");
}

TEST_F(account_routes, an_overlap_of_more_than_a_week_is_refused_and_rotates_nothing) {
  const auto before = api_.get("/v1/auth/webhook-secret")["webhook_secret"];
  for (const std::string seconds : {"604801", "-1", "x"})
    EXPECT_EQ(api_.post("/v1/auth/webhook-secret/regenerate?overlap_seconds=" + seconds, {}, confirmed_).status, 422);
  EXPECT_EQ(api_.get("/v1/auth/webhook-secret")["webhook_secret"], before);
}

TEST_F(account_routes, an_account_without_a_webhook_secret_has_none_to_show) {
  database_.exec("UPDATE users SET webhook_secret = ''");
  const auto answer = api_.get("/v1/auth/webhook-secret");
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.code(), "no_webhook_secret");
}

TEST_F(account_routes, the_alert_secret_is_made_at_the_first_look_and_stays) {
  const auto first = api_.get("/v1/auth/alert-webhook-secret")["alert_webhook_secret"];
  EXPECT_EQ(first.size(), 64u + 2);
  EXPECT_EQ(api_.get("/v1/auth/alert-webhook-secret")["alert_webhook_secret"], first);
  const auto replaced = api_.post("/v1/auth/alert-webhook-secret/regenerate", {}, confirmed_);
  EXPECT_NE(replaced["alert_webhook_secret"], first);
  EXPECT_EQ(api_.get("/v1/auth/alert-webhook-secret")["alert_webhook_secret"], replaced["alert_webhook_secret"]);
}

// -- sessions ----------------------------------------------------------------

TEST_F(account_routes, any_caller_can_get_a_session) {
  const auto answer = api_.post("/v1/auth/session/refresh");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer["email"], text("ada@b.com"));
  const security::session_tokens tokens{"test-secret-key-32-chars-minimum"};
  EXPECT_EQ(tokens.check(unquoted(answer["session_token"]), now), ada);
}

TEST_F(account_routes, an_unknown_one_time_token_is_refused) {
  const auto answer = api_.post("/v1/auth/session", R"({"token":"never made"})");
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.code(), "invalid_token");
}

TEST_F(account_routes, without_a_secret_a_one_time_token_is_not_used_up) {
  database_.exec("INSERT INTO device_codes (device_code, status, session_token, user_id, expires_at) "
                 "VALUES ('ABCD-EFGH', 'claimed', 'one-time', '" +
                 ada + "', '2026-11-24 13:10+00')");
  api_.settings.session_secret.clear();
  EXPECT_EQ(api_.post("/v1/auth/session", R"({"token":"one-time"})").code(), "session_unavailable");
  api_.settings.session_secret = "test-secret-key-32-chars-minimum";
  EXPECT_EQ(api_.post("/v1/auth/session", R"({"token":"one-time"})").status, 200);
  EXPECT_EQ(api_.post("/v1/auth/session", R"({"token":"one-time"})").status, 401);
}

// -- accounts of another system --------------------------------------------------

namespace {

class internal_user_routes : public account_routes {
protected:
  internal_user_routes() {
    api_.settings.external_auth_backend = true;
    api_.settings.internal_auth_token = "the-internal-token-of-32-letters";
  }

  called_routes::answer put(const std::string& id, std::string body,
                            const std::string& token = "the-internal-token-of-32-letters") {
    return api_.call(verb::put, "/v1/internal/users/" + id, std::move(body), {{"Authorization", "Bearer " + token}});
  }

  const std::string carol_ = R"({"email":"carol@b.com","slug":"carol"})";
};

} // namespace

TEST_F(internal_user_routes, make_an_account_and_then_change_it) {
  const auto made = put("{22222222-2222-4222-8222-222222222222}", carol_);
  EXPECT_EQ(made.status, 200);
  EXPECT_EQ(made.body, R"({"id":"22222222-2222-4222-8222-222222222222","email":"carol@b.com","slug":"carol",)"
                       R"("plan":"free","active_cue_limit":10,"monthly_execution_limit":300,)"
                       R"("monthly_message_limit":300,"rate_limit_per_minute":60,"created":true})");
  const auto changed = put(bob, R"({"email":"carol@c.com","slug":"c","plan":"pro","active_cue_limit":null})");
  EXPECT_EQ(changed["created"], "false");
  EXPECT_EQ(changed["plan"], text("pro"));
  EXPECT_EQ(changed["active_cue_limit"], "10");
}

TEST_F(internal_user_routes, the_token_is_asked_for_before_the_body_is_judged) {
  const auto answer = put(bob, R"({})", "a-wrong-token");
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.code(), "invalid_internal_token");
  api_.settings.internal_auth_token.clear();
  EXPECT_EQ(put(bob, carol_, "").status, 401);
}

TEST_F(internal_user_routes, are_not_there_without_the_switch) {
  api_.settings.external_auth_backend = false;
  EXPECT_EQ(put(bob, carol_).status, 404);
}

TEST_F(internal_user_routes, refuse_what_the_columns_cannot_hold) {
  for (const auto* body :
       {R"({"email":"carol@b.com"})", R"({"email":"carol@b.com","slug":"-a"})", R"({"email":"carol@b.com","slug":"A"})",
        R"({"email":"x","slug":"a"})", R"({"email":"carol@b.com","slug":"a","active_cue_limit":-1})",
        R"({"email":"carol@b.com","slug":"a","active_cue_limit":2147483648})",
        R"({"email":"carol@b.com","slug":"a","plan":"a plan of 21 letters."})"})
    EXPECT_EQ(put(bob, body).status, 422) << body;
  EXPECT_EQ(put("not-a-uuid", carol_).code(), "invalid_user_id");
}

TEST_F(internal_user_routes, another_account_s_address_or_name_is_a_conflict) {
  EXPECT_EQ(put(bob, R"({"email":"ada@b.com","slug":"carol"})").code(), "duplicate_email");
  EXPECT_EQ(put(bob, R"({"email":"carol@b.com","slug":"ada"})").code(), "duplicate_slug");
}
