#include "persistence/device_codes.hpp"

#include <thread>

#include "tests/persistence/account_rows.hpp"

using namespace cued;
using namespace cued::persistence;
using namespace cued::test;
using namespace std::chrono_literals;

namespace {

bool same(std::string_view a, std::string_view b) { return a == b; }

class device_codes : public account_test {
protected:
  const instant now_ = std::chrono::sys_days{std::chrono::year{2026} / 11 / 24} + 13h;
  const std::string code_ = "ABCD-EFGH";

  void send_mail_to(const std::string& email) {
    ASSERT_TRUE(start_device_login(link_, code_, now_));
    ASSERT_TRUE(note_device_email(link_, code_, email, "link-token", now_));
  }

  [[nodiscard]] device_approval approval(const std::optional<new_user>& account = {}) const {
    return {.code = code_,
            .token = "link-token",
            .now = now_,
            .same = same,
            .session_token = "session-token",
            .account = account};
  }

  result<void> approve(const std::optional<new_user>& account = {}) {
    return approve_device_login(link_, approval(account), some_act());
  }

  std::string status() { return database_.value("SELECT status FROM device_codes"); }
};

new_user carol() {
  auto user = registration(bob, "", "hash-of-carol");
  user.api_key_encrypted = "gAAAA-carol";
  user.slugs = {"carol"};
  return user;
}

} // namespace

TEST_F(device_codes, a_live_code_cannot_be_started_again) {
  ASSERT_TRUE(start_device_login(link_, code_, now_));
  const auto again = start_device_login(link_, code_, now_ + 899s);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().status, 409);
  EXPECT_EQ(again.error().code, "device_code_exists");
}

TEST_F(device_codes, a_code_that_is_over_starts_afresh) {
  send_mail_to("ada@b.com");
  const auto later = now_ + 900s;
  ASSERT_TRUE(start_device_login(link_, code_, later));
  const auto row = database_.exec("SELECT * FROM device_codes")[0];
  EXPECT_EQ(row["status"].as<std::string>(), "pending");
  EXPECT_TRUE(row["email"].is_null());
  EXPECT_TRUE(row["verification_token"].is_null());
  EXPECT_EQ(read_instant(row["expires_at"].c_str()), later + 900s);
}

TEST_F(device_codes, mail_is_noted_for_a_pending_code_only) {
  EXPECT_EQ(note_device_email(link_, code_, "a@b.com", "t", now_).error().code, "device_code_not_found");
  send_mail_to("ada@b.com");
  EXPECT_EQ(note_device_email(link_, code_, "a@b.com", "t", now_).error().code, "invalid_status");
  EXPECT_NE(note_device_email(link_, code_, "a@b.com", "t", now_).error().message.find("email_sent"),
            std::string::npos);
  EXPECT_EQ(note_device_email(link_, code_, "a@b.com", "t", now_ + 900s).error().code, "device_code_expired");
}

TEST_F(device_codes, reasons_of_a_bad_link_come_in_their_order) {
  EXPECT_EQ(approve().error().message, "Device code not found");
  ASSERT_TRUE(start_device_login(link_, code_, now_));
  EXPECT_EQ(approve().error().message, "Invalid device code status");
  ASSERT_TRUE(note_device_email(link_, code_, "ada@b.com", "another-token", now_));
  EXPECT_EQ(approve().error().message, "Invalid verification token");
  EXPECT_EQ(find_waiting_login(link_, code_, "another-token", now_ + 900s, same).error().message,
            "Device code expired");
  EXPECT_EQ(find_waiting_login(link_, code_, "another-token", now_, same)->email, "ada@b.com");
}

TEST_F(device_codes, an_existing_account_is_approved_unchanged) {
  send_mail_to("ada@b.com");
  ASSERT_TRUE(approve(carol()));
  EXPECT_EQ(status(), "approved");
  EXPECT_EQ(database_.value("SELECT user_id FROM device_codes"), ada);
  EXPECT_EQ(database_.value("SELECT count(*) FROM users"), "1");
  EXPECT_EQ(database_.value("SELECT api_key_hash FROM users"), ada_hash);
  const auto poll = poll_device_login(link_, code_, now_, some_act());
  ASSERT_TRUE(poll);
  EXPECT_EQ(poll->status, "approved");
  EXPECT_EQ(poll->email, "ada@b.com");
  EXPECT_EQ(poll->session_token, "session-token");
  EXPECT_EQ(poll->encrypted_key, std::nullopt);
  EXPECT_EQ(poll->clear_key, std::nullopt);
}

TEST_F(device_codes, a_new_address_gets_an_account_whose_key_lies_encrypted) {
  send_mail_to("carol@b.com");
  ASSERT_TRUE(approve(carol()));
  EXPECT_EQ(database_.value("SELECT email FROM users WHERE id = '" + bob + "'"), "carol@b.com");
  EXPECT_EQ(database_.value("SELECT api_key_plaintext FROM device_codes"), "");
  const auto poll = poll_device_login(link_, code_, now_, some_act());
  EXPECT_EQ(poll->encrypted_key, "gAAAA-carol");
  EXPECT_EQ(poll->key_hash, "hash-of-carol");
}

TEST_F(device_codes, a_new_address_is_refused_when_registration_is_closed) {
  send_mail_to("carol@b.com");
  const auto refused = approve();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 404);
  EXPECT_EQ(status(), "email_sent");
}

TEST_F(device_codes, a_registered_address_is_unproven_until_the_key_is_shown_with_a_link) {
  send_mail_to("ada@b.com");
  EXPECT_TRUE(find_waiting_login(link_, code_, "link-token", now_, same)->address_unproven);
  auto strict = approval();
  strict.proof_demanded = true;
  EXPECT_EQ(approve_device_login(link_, strict, some_act()).error().code, "unproven_address");
  strict.shown_key_hash = "hash-of-another";
  EXPECT_EQ(approve_device_login(link_, strict, some_act()).error().code, "unproven_address");
  EXPECT_EQ(status(), "email_sent");
  strict.shown_key_hash = ada_hash;
  EXPECT_TRUE(approve_device_login(link_, strict, some_act()));
  EXPECT_EQ(database_.value("SELECT email FROM cued.proven_addresses WHERE user_id = '" + ada + "'"), "ada@b.com");
}

TEST_F(device_codes, a_proven_address_opens_without_the_key_until_it_is_changed) {
  database_.exec("INSERT INTO cued.proven_addresses VALUES ('" + ada + "', 'ada@b.com', now())");
  send_mail_to("ada@b.com");
  EXPECT_FALSE(find_waiting_login(link_, code_, "link-token", now_, same)->address_unproven);
  database_.exec("UPDATE users SET email = 'ada@c.com'");
  database_.exec("UPDATE device_codes SET email = 'ada@c.com'");
  EXPECT_TRUE(find_waiting_login(link_, code_, "link-token", now_, same)->address_unproven);
}

TEST_F(device_codes, an_account_made_by_a_link_has_a_proven_address) {
  send_mail_to("carol@b.com");
  auto strict = approval(carol());
  strict.proof_demanded = true;
  ASSERT_TRUE(approve_device_login(link_, strict, some_act()));
  EXPECT_EQ(database_.value("SELECT user_id FROM cued.proven_addresses"), bob);
}

TEST_F(device_codes, each_step_that_lets_somebody_in_is_in_the_log) {
  send_mail_to("ada@b.com");
  ASSERT_TRUE(approve_device_login(link_, approval(), {audit_action::login_approved, "device"}));
  ASSERT_TRUE(poll_device_login(link_, code_, now_, {audit_action::login_claimed, "device"}));
  ASSERT_TRUE(poll_device_login(link_, code_, now_, {audit_action::login_claimed, "device"}));
  ASSERT_TRUE(take_session_token(link_, "session-token", now_, {audit_action::session_opened, "device"}));
  EXPECT_EQ(database_.value("SELECT string_agg(action, ' ' ORDER BY id) FROM cued.audit_log WHERE actor = 'device'"),
            "login_approved login_claimed session_opened");
}

TEST_F(device_codes, a_link_works_once) {
  send_mail_to("ada@b.com");
  ASSERT_TRUE(approve());
  EXPECT_EQ(approve().error().message, "Invalid device code status");
}

TEST_F(device_codes, parallel_clicks_make_one_account) {
  send_mail_to("carol@b.com");
  constexpr int clicks = 5;
  std::vector<result<void>> outcomes(clicks);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < clicks; ++i)
      threads.emplace_back([&, i] {
        connection own{database_.options()};
        outcomes[i] = approve_device_login(own, approval(carol()), some_act());
      });
  }
  EXPECT_EQ(std::count_if(outcomes.begin(), outcomes.end(), [](const auto& o) { return o.has_value(); }), 1);
  EXPECT_EQ(database_.value("SELECT count(*) FROM users WHERE email = 'carol@b.com'"), "1");
}

TEST_F(device_codes, of_parallel_polls_one_gets_the_login) {
  send_mail_to("ada@b.com");
  ASSERT_TRUE(approve());
  constexpr int polls = 6;
  std::vector<std::string> seen(polls);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < polls; ++i)
      threads.emplace_back([&, i] {
        connection own{database_.options()};
        seen[i] =
            poll_device_login(own, code_, now_, some_act()).value_or(device_poll{"error", {}, {}, {}, {}, {}}).status;
      });
  }
  EXPECT_EQ(std::count(seen.begin(), seen.end(), "approved"), 1);
  EXPECT_EQ(std::count(seen.begin(), seen.end(), "claimed"), polls - 1);
}

TEST_F(device_codes, a_key_left_in_clear_by_the_reference_is_handed_out_and_erased) {
  send_mail_to("ada@b.com");
  ASSERT_TRUE(approve());
  database_.exec("UPDATE device_codes SET api_key_plaintext = 'cue_sk_x'");
  EXPECT_EQ(poll_device_login(link_, code_, now_, some_act())->clear_key, "cue_sk_x");
  EXPECT_TRUE(database_.exec("SELECT api_key_plaintext FROM device_codes")[0][0].is_null());
}

TEST_F(device_codes, polls_tell_the_state) {
  EXPECT_EQ(poll_device_login(link_, code_, now_, some_act())->status, "expired");
  ASSERT_TRUE(start_device_login(link_, code_, now_));
  EXPECT_EQ(poll_device_login(link_, code_, now_, some_act())->status, "pending");
  ASSERT_TRUE(note_device_email(link_, code_, "ada@b.com", "link-token", now_));
  EXPECT_EQ(poll_device_login(link_, code_, now_, some_act())->status, "email_sent");
  EXPECT_EQ(poll_device_login(link_, code_, now_ + 900s, some_act())->status, "expired");
  EXPECT_EQ(status(), "expired");
}

TEST_F(device_codes, an_approved_login_that_nobody_picked_up_keeps_its_status) {
  send_mail_to("ada@b.com");
  ASSERT_TRUE(approve());
  EXPECT_EQ(poll_device_login(link_, code_, now_ + 900s, some_act())->status, "expired");
  EXPECT_EQ(status(), "approved");
}

TEST_F(device_codes, a_session_token_is_exchanged_once) {
  send_mail_to("ada@b.com");
  ASSERT_TRUE(approve());
  const auto owner = take_session_token(link_, "session-token", now_, some_act());
  ASSERT_TRUE(owner);
  EXPECT_EQ(owner->user_id, ada);
  EXPECT_EQ(owner->email, "ada@b.com");
  EXPECT_EQ(take_session_token(link_, "session-token", now_, some_act()).error().code, "invalid_token");
}

TEST_F(device_codes, a_session_token_ends_fifteen_minutes_after_its_code) {
  send_mail_to("ada@b.com");
  ASSERT_TRUE(approve());
  EXPECT_EQ(take_session_token(link_, "session-token", now_ + 1800s, some_act()).error().code, "invalid_token");
  EXPECT_TRUE(take_session_token(link_, "session-token", now_ + 1799s, some_act()));
}

TEST_F(device_codes, a_session_token_of_a_deleted_user_is_told_apart) {
  send_mail_to("ada@b.com");
  ASSERT_TRUE(approve());
  database_.exec("DELETE FROM users");
  EXPECT_EQ(take_session_token(link_, "session-token", now_, some_act()).error().code, "user_not_found");
}

TEST_F(device_codes, the_clean_up_deletes_old_rows_and_clears_keys_not_picked_up) {
  database_.exec("INSERT INTO device_codes (device_code, status, api_key_plaintext, expires_at) VALUES "
                 "('a-day-ago', 'approved', NULL, timestamptz '2026-11-23 13:00+00'), "
                 "('just-ended', 'approved', 'cue_sk_x', timestamptz '2026-11-24 13:00+00'), "
                 "('still-alive', 'approved', 'cue_sk_y', timestamptz '2026-11-24 13:00:00.000001+00')");
  ASSERT_TRUE(forget_old_device_logins(link_, now_));
  EXPECT_EQ(database_.value("SELECT string_agg(device_code || '=' || coalesce(api_key_plaintext, ''), ' ' "
                            "ORDER BY device_code) FROM device_codes"),
            "just-ended= still-alive=cue_sk_y");
}
