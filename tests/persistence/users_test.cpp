#include "persistence/users.hpp"

#include <thread>

#include "tests/persistence/account_rows.hpp"

using namespace cued;
using namespace cued::persistence;
using namespace cued::test;

namespace {

class users : public account_test {
protected:
  void add_cue(const std::string& id, const std::string& status) {
    database_.exec("INSERT INTO cues (id, user_id, name, status, schedule_type) VALUES ('" + id + "', '" + ada +
                   "', '" + id + "', '" + status + "', 'once')");
  }
};

constexpr const char* november = "2026-11-01";

} // namespace

// -- who is calling --------------------------------------------------------

TEST_F(users, a_key_leads_to_its_owner) {
  const auto found = find_principal_by_key_hash(link_, ada_hash);
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->user_id, ada);
  EXPECT_EQ((*found)->email, "ada@b.com");
  EXPECT_EQ((*found)->plan, "free");
  EXPECT_EQ((*found)->active_cue_limit, 10);
  EXPECT_EQ((*found)->monthly_execution_limit, 300);
  EXPECT_EQ((*found)->rate_limit_per_minute, 60);
  EXPECT_EQ((*found)->key_hash, ada_hash);
}

TEST_F(users, an_id_leads_to_the_same_user_without_a_key) {
  const auto found = find_principal_by_id(link_, ada);
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->email, "ada@b.com");
  EXPECT_EQ((*found)->key_hash, "");
}

TEST_F(users, an_unknown_key_or_id_leads_nowhere) {
  const auto by_key = find_principal_by_key_hash(link_, "nobody's");
  ASSERT_TRUE(by_key);
  EXPECT_FALSE(*by_key);
  const auto by_id = find_principal_by_id(link_, bob);
  ASSERT_TRUE(by_id);
  EXPECT_FALSE(*by_id);
}

TEST_F(users, a_key_counts_as_rotated_for_24_hours) {
  database_.exec("INSERT INTO cued.rotated_keys (key_hash, user_id, rotated_at) VALUES "
                 "('yesterday', gen_random_uuid(), now() - interval '23 hours 59 minutes'), "
                 "('before', gen_random_uuid(), now() - interval '24 hours 1 minute')");
  EXPECT_EQ(was_rotated(link_, "yesterday"), true);
  EXPECT_EQ(was_rotated(link_, "before"), false);
  EXPECT_EQ(was_rotated(link_, "never seen"), false);
}

// -- registration ------------------------------------------------------------

TEST_F(users, a_new_row_has_the_limits_of_a_new_account_and_no_recoverable_key) {
  const auto row = database_.exec("SELECT * FROM users WHERE id = '" + ada + "'")[0];
  EXPECT_EQ(row["monthly_message_limit"].as<int>(), 300);
  EXPECT_EQ(row["slug"].as<std::string>(), "ada");
  EXPECT_EQ(row["webhook_secret"].as<std::string>(), "whsec_" + std::string(64, 'a'));
  EXPECT_TRUE(row["api_key_encrypted"].is_null());
  EXPECT_TRUE(row["alert_webhook_secret"].is_null());
  EXPECT_EQ(database_.value("SELECT count(*) FROM cued.registered_keys"), "0");
}

TEST_F(users, the_copy_of_a_registered_key_is_kept_apart) {
  auto user = registration(bob, "bob@b.com", "hash-of-bob");
  user.registered_key_encrypted = "gAAAA";
  ASSERT_TRUE(insert_user(link_, user, some_act()));
  EXPECT_EQ(database_.value("SELECT api_key_encrypted FROM cued.registered_keys WHERE user_id = '" + bob + "'"),
            "gAAAA");
  EXPECT_EQ(database_.value("SELECT api_key_encrypted FROM users WHERE id = '" + bob + "'"), "");
}

TEST_F(users, an_address_registers_once) {
  const auto again = insert_user(link_, registration(bob, "ada@b.com", "another-hash"), some_act());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().status, 409);
  EXPECT_EQ(again.error().code, "duplicate_email");
}

TEST_F(users, letter_case_of_the_local_part_makes_another_address) {
  auto user = registration(bob, "Ada@b.com", "another-hash");
  user.slugs = {"ada", "ada-0f3c"};
  EXPECT_TRUE(insert_user(link_, user, some_act()));
  EXPECT_EQ(database_.value("SELECT count(*) FROM users"), "2");
}

TEST_F(users, the_first_free_slug_is_taken) {
  auto user = registration(bob, "ada@other.com", "another-hash");
  user.slugs = {"ada", "ada-0f3c", "ada-77aa"};
  ASSERT_TRUE(insert_user(link_, user, some_act()));
  EXPECT_EQ(database_.value("SELECT slug FROM users WHERE id = '" + bob + "'"), "ada-0f3c");
}

TEST_F(users, without_a_free_slug_nothing_is_stored) {
  auto user = registration(bob, "ada@other.com", "another-hash");
  user.slugs = {"ada"};
  const auto refused = insert_user(link_, user, some_act());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 503);
  EXPECT_EQ(database_.value("SELECT count(*) FROM users"), "1");
}

TEST_F(users, of_parallel_registrations_one_wins_and_the_others_are_told_why) {
  constexpr int rivals = 6;
  std::vector<result<void>> outcomes(rivals);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < rivals; ++i)
      threads.emplace_back([&, i] {
        connection own{database_.options()};
        const std::string id = "33333333-3333-4333-8333-33333333333" + std::to_string(i);
        outcomes[i] = insert_user(own, registration(id, "carol@b.com", "hash-" + std::to_string(i)), some_act());
      });
  }
  int winners = 0;
  for (const auto& outcome : outcomes) {
    if (outcome)
      ++winners;
    else
      EXPECT_EQ(outcome.error().code, "duplicate_email");
  }
  EXPECT_EQ(winners, 1);
  EXPECT_EQ(database_.value("SELECT count(*) FROM users WHERE email = 'carol@b.com'"), "1");
}

TEST_F(users, a_cut_connection_is_a_503_when_nothing_was_stored) {
  database_.exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                 "WHERE datname = current_database() AND pid <> pg_backend_pid()");
  const auto outcome = insert_user(link_, registration(bob, "bob@b.com", "hash-of-bob"), some_act());
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().status, 503);
  EXPECT_TRUE(insert_user(link_, registration(bob, "bob@b.com", "hash-of-bob"), some_act()));
}

// -- the account -------------------------------------------------------------

TEST_F(users, the_account_counts_active_cues_and_the_executions_of_the_month) {
  add_cue("cue_a", "active");
  add_cue("cue_b", "active");
  add_cue("cue_c", "paused");
  database_.exec("INSERT INTO usage_monthly (user_id, month_start, execution_count) VALUES "
                 "('" +
                 ada + "', '2026-11-01', 41), ('" + ada + "', '2026-10-01', 7), ('" + bob + "', '2026-11-01', 9)");
  const auto account = read_account(link_, ada, november);
  ASSERT_TRUE(account);
  EXPECT_EQ(account->active_cues, 2);
  EXPECT_EQ(account->executions_this_month, 41);
  EXPECT_EQ(account->api_key_prefix, "cue_sk_00112");
  EXPECT_EQ(account->slug, "ada");
  EXPECT_TRUE(account->has_webhook_secret);
}

TEST_F(users, an_account_that_did_nothing_has_zero_counts) {
  const auto account = read_account(link_, ada, november);
  ASSERT_TRUE(account);
  EXPECT_EQ(account->active_cues, 0);
  EXPECT_EQ(account->executions_this_month, 0);
}

TEST_F(users, an_account_that_is_gone_is_a_401) {
  const auto account = read_account(link_, bob, november);
  ASSERT_FALSE(account);
  EXPECT_EQ(account.error().status, 401);
  EXPECT_EQ(account.error().code, "user_not_found");
  EXPECT_EQ(change_account(link_, bob, {"x@b.com", {}}, some_act()).error().code, "user_not_found");
}

TEST_F(users, only_what_is_given_changes) {
  ASSERT_TRUE(change_account(link_, ada, {{}, "https://a.example/alert"}, some_act()));
  const auto changed = change_account(link_, ada, {"ada@c.com", {}}, some_act());
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->api_key_hash, ada_hash);
  const auto row = database_.exec("SELECT email, alert_webhook_url, slug, updated_at FROM users")[0];
  EXPECT_EQ(row["email"].as<std::string>(), "ada@c.com");
  EXPECT_EQ(row["alert_webhook_url"].as<std::string>(), "https://a.example/alert");
  EXPECT_EQ(row["slug"].as<std::string>(), "ada");
  EXPECT_EQ(read_instant(row["updated_at"].c_str()), changed->updated_at);
}

TEST_F(users, an_empty_alert_url_clears_it) {
  ASSERT_TRUE(change_account(link_, ada, {{}, "https://a.example/alert"}, some_act()));
  ASSERT_TRUE(change_account(link_, ada, {{}, ""}, some_act()));
  EXPECT_TRUE(database_.exec("SELECT alert_webhook_url FROM users")[0][0].is_null());
}

TEST_F(users, the_address_of_another_account_cannot_be_taken) {
  ASSERT_TRUE(insert_user(link_, registration(bob, "bob@b.com", "hash-of-bob"), some_act()));
  const auto refused = change_account(link_, bob, {"ada@b.com", {}}, some_act());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 409);
  EXPECT_EQ(refused.error().code, "duplicate_email");
}
