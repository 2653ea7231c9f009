#include "http/routes/routes.hpp"
#include "security/api_key.hpp"
#include "tests/http/routes/called_routes.hpp"
#include "tests/persistence/account_rows.hpp"

using namespace cued;
using namespace cued::test;
using namespace std::chrono_literals;
using testing::_;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::Return;
using testing::SaveArg;
using testing::StartsWith;

namespace {

const instant now = std::chrono::sys_days{std::chrono::year{2026} / 11 / 24} + 13h;

/// A login by e-mail, from the terminal and from the mailbox.
class device_routes : public account_test {
protected:
  device_routes() {
    api_.settings.session_secret = "test-secret-key-32-chars-minimum";
    api_.settings.base_url = "https://cue.example";
    ON_CALL(api_.letters, delivers_magic_links()).WillByDefault(Return(true));
    ON_CALL(api_.letters, magic_link(_, _)).WillByDefault(SaveArg<1>(&link_in_letter_));
  }

  called_routes::answer start() { return api_.post("/v1/auth/device-code", R"({"device_code":"ABCD-EFGH"})"); }
  called_routes::answer submit(const std::string& email) {
    return api_.post("/v1/auth/device-code/submit-email", R"({"device_code":"ABCD-EFGH","email":")" + email + "\"}");
  }
  called_routes::answer poll() { return api_.post("/v1/auth/device-code/poll", R"({"device_code":"ABCD-EFGH"})"); }

  /// The magic link as a request's target.
  [[nodiscard]] std::string link() const { return link_in_letter_.substr(api_.settings.base_url.size()); }

  void log_in(const std::string& email) {
    ASSERT_EQ(start().status, 201);
    ASSERT_EQ(submit(email).status, 200);
    ASSERT_EQ(api_.get(link()).status, 200);
  }

  static std::string text(std::string_view unquoted) { return '"' + std::string{unquoted} + '"'; }
  static std::string unquoted(const std::string& json) { return json.substr(1, json.size() - 2); }

  called_routes api_{http::account_routes(), database_.options(), {}, now};
  std::string link_in_letter_;
};

} // namespace

TEST_F(device_routes, a_login_begins_with_the_page_for_its_code) {
  const auto answer = api_.post("/v1/auth/device-code", R"({"device_code":"AB CD&EF"})");
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer["verification_url"], text("https://cue.example/auth/device?code=AB%20CD%26EF"));
  EXPECT_EQ(answer["expires_in"], "900");
}

TEST_F(device_routes, codes_have_6_to_128_characters) {
  for (const auto& code : {std::string(5, 'a'), std::string(129, 'a')}) {
    const auto answer = api_.post("/v1/auth/device-code", R"({"device_code":")" + code + "\"}");
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(answer.code(), "invalid_device_code");
  }
  EXPECT_EQ(start().status, 201);
  EXPECT_EQ(start().code(), "device_code_exists");
}

TEST_F(device_routes, a_new_address_logs_in_with_a_new_account) {
  log_in("carol@b.com");
  const auto approved = poll();
  EXPECT_EQ(approved["status"], text("approved"));
  EXPECT_EQ(approved["email"], text("carol@b.com"));
  EXPECT_EQ(approved["existing_user"], "");
  EXPECT_EQ(database_.value("SELECT api_key_hash FROM users WHERE email = 'carol@b.com'"),
            security::api_key_hash(unquoted(approved["api_key"])));
  EXPECT_EQ(poll().body, R"({"status":"claimed"})");
}

TEST_F(device_routes, the_token_of_a_login_opens_one_session) {
  log_in("carol@b.com");
  const auto token = poll()["session_token"];
  EXPECT_EQ(api_.post("/v1/auth/session", R"({"token":)" + token + "}")["email"], text("carol@b.com"));
  EXPECT_EQ(api_.post("/v1/auth/session", R"({"token":)" + token + "}").status, 401);
}

TEST_F(device_routes, an_account_whose_key_cannot_be_shown_is_an_existing_user) {
  log_in("ada@b.com");
  const auto approved = poll();
  EXPECT_EQ(approved["existing_user"], "true");
  EXPECT_EQ(approved["api_key"], "");
  EXPECT_EQ(database_.value("SELECT api_key_hash FROM users"), ada_hash);
}

TEST_F(device_routes, a_key_made_by_a_login_is_shown_at_the_next_one) {
  log_in("carol@b.com");
  const auto first = poll();
  ASSERT_EQ(start().status, 201); // claimed, so the code is free
  ASSERT_EQ(submit("carol@b.com").status, 200);
  ASSERT_EQ(api_.get(link()).status, 200);
  EXPECT_EQ(poll()["api_key"], first["api_key"]);
}

TEST_F(device_routes, the_letter_holds_a_link_to_this_server) {
  ASSERT_EQ(start().status, 201);
  EXPECT_CALL(api_.letters, magic_link("ada@b.com", StartsWith("https://cue.example/v1/auth/verify?token="))).Times(1);
  EXPECT_EQ(submit("Ada <ada@B.com>").body, R"({"status":"email_sent"})");
}

TEST_F(device_routes, without_mail_a_login_is_refused_before_it_goes_on) {
  ON_CALL(api_.letters, delivers_magic_links()).WillByDefault(Return(false));
  ASSERT_EQ(start().status, 201);
  EXPECT_EQ(submit("ada@b.com").code(), "email_unavailable");
  EXPECT_EQ(poll().body, R"({"status":"pending"})");
}

TEST_F(device_routes, a_page_tells_the_state_of_a_link) {
  log_in("ada@b.com");
  const auto again = api_.get(link());
  EXPECT_EQ(again.status, 400);
  EXPECT_THAT(again.body, HasSubstr("Invalid device code status"));
  EXPECT_EQ(api_.get("/v1/auth/verify?token=x").status, 422);
  EXPECT_THAT(api_.get("/v1/auth/verify?token=x&device_code=unknown").body, HasSubstr("Device code not found"));
}

TEST_F(device_routes, in_production_a_link_approves_only_after_confirmation) {
  api_.settings.env = "production";
  ASSERT_EQ(start().status, 201);
  ASSERT_EQ(submit("carol@b.com").status, 200);
  const auto asked = api_.get(link());
  EXPECT_THAT(asked.body, HasSubstr("ABCD-EFGH"));
  EXPECT_EQ(poll().body, R"({"status":"email_sent"})");
  EXPECT_THAT(asked.body, Not(HasSubstr("api_key")));
  EXPECT_THAT(api_.post(link()).body, HasSubstr("Verified"));
  EXPECT_EQ(poll()["status"], text("approved"));
}

TEST_F(device_routes, in_production_an_account_whose_address_was_never_proven_opens_only_with_its_key) {
  api_.settings.env = "production";
  const std::string key = "cue_sk_00112233445566778899aabbccddeeff";
  database_.exec("UPDATE users SET api_key_hash = '" + security::api_key_hash(key) + "'");
  ASSERT_EQ(start().status, 201);
  ASSERT_EQ(submit("ada@b.com").status, 200);
  EXPECT_THAT(api_.get(link()).body, HasSubstr("name=\"api_key\""));
  EXPECT_EQ(api_.post(link()).status, 400);
  EXPECT_EQ(api_.post(link(), "api_key=cue_sk_0").status, 400);
  EXPECT_EQ(poll()["status"], text("email_sent"));
  EXPECT_THAT(api_.post(link(), "api_key=" + key).body, HasSubstr("Verified"));
  EXPECT_EQ(poll()["status"], text("approved"));
}

TEST_F(device_routes, closed_registration_is_closed_for_logins_too) {
  api_.settings.allow_register = false;
  ASSERT_EQ(start().status, 201);
  ASSERT_EQ(submit("carol@b.com").status, 200);
  EXPECT_EQ(api_.get(link()).status, 400);
  EXPECT_EQ(database_.value("SELECT count(*) FROM users"), "1");
}

TEST_F(device_routes, each_step_has_its_limit) {
  api_.limiter.exhausted = "auth_dc:";
  EXPECT_EQ(start().status, 429);
  EXPECT_EQ(start().code(), "rate_limit_exceeded");
  for (const auto* counter : {"auth_ml:ada@b.com", "auth_ml_ip:"}) {
    api_.limiter.exhausted = counter;
    EXPECT_EQ(submit("ada@b.com").status, 429) << counter;
  }
  for (const auto* counter : {"auth_poll:ABCD-EFGH", "auth_poll_ip:"}) {
    api_.limiter.exhausted = counter;
    EXPECT_EQ(poll().status, 429) << counter;
  }
}

TEST_F(device_routes, made_up_confirmations_are_counted_by_address_before_they_fill_counters_of_codes) {
  api_.limiter.exhausted = "auth_confirm_ip:";
  EXPECT_EQ(api_.post("/v1/auth/verify?token=x&device_code=made-up").status, 429);
  EXPECT_THAT(api_.limiter.counted, Not(Contains("auth_confirm:made-up")));
  api_.limiter.exhausted.clear();
  EXPECT_EQ(api_.post("/v1/auth/verify?token=x&device_code=made-up").status, 400);
  EXPECT_THAT(api_.limiter.counted, Contains("auth_confirm:made-up"));
}

TEST_F(device_routes, the_login_page_refuses_codes_that_are_none) {
  EXPECT_EQ(api_.get("/auth/device?code=ABCD-EFGH").status, 200);
  EXPECT_EQ(api_.get("/auth/device?code=%3Cscript%3E").status, 400);
  EXPECT_EQ(api_.get("/auth/device").status, 422);
}
