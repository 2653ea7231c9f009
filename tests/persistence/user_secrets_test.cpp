#include "persistence/user_secrets.hpp"

#include <set>
#include <thread>

#include "tests/persistence/account_rows.hpp"

using namespace cued;
using namespace cued::persistence;
using namespace cued::test;

namespace {

class user_secrets : public account_test {};

const new_key second_key{"hash-of-second", "cue_sk_22222", "gAAAA-second"};

} // namespace

TEST_F(user_secrets, a_replaced_key_leads_nowhere_and_is_remembered) {
  ASSERT_TRUE(replace_key(link_, {ada, ""}, ada_hash, second_key, some_act()));
  const auto by_old_key = find_principal_by_key_hash(link_, ada_hash);
  ASSERT_TRUE(by_old_key);
  EXPECT_FALSE(*by_old_key);
  EXPECT_EQ(was_rotated(link_, ada_hash), true);
  const auto found = find_principal_by_key_hash(link_, second_key.hash);
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->user_id, ada);
  const auto stored = read_key(link_, ada);
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->prefix, "cue_sk_22222");
  EXPECT_EQ(stored->encrypted, "gAAAA-second");
}

TEST_F(user_secrets, a_key_that_cannot_be_encrypted_erases_the_copy_of_the_old_one) {
  ASSERT_TRUE(replace_key(link_, {ada, ""}, ada_hash, second_key, some_act()));
  ASSERT_TRUE(
      replace_key(link_, {ada, ""}, second_key.hash, {"hash-of-third", "cue_sk_33333", std::nullopt}, some_act()));
  EXPECT_EQ(read_key(link_, ada)->encrypted, std::nullopt);
}

TEST_F(user_secrets, the_copy_of_the_registered_key_goes_with_the_key) {
  auto user = registration(bob, "bob@b.com", "hash-of-bob");
  user.registered_key_encrypted = "gAAAA-registered";
  ASSERT_TRUE(insert_user(link_, user, some_act()));
  EXPECT_EQ(read_key(link_, bob)->registered_encrypted, "gAAAA-registered");
  ASSERT_TRUE(replace_key(link_, {bob, ""}, "hash-of-bob", second_key, some_act()));
  EXPECT_EQ(read_key(link_, bob)->registered_encrypted, std::nullopt);
}

TEST_F(user_secrets, of_parallel_regenerations_one_key_is_handed_out) {
  constexpr int rivals = 6;
  std::vector<result<void>> outcomes(rivals);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < rivals; ++i)
      threads.emplace_back([&, i] {
        connection own{database_.options()};
        outcomes[i] = replace_key(own, {ada, ""}, ada_hash, {"new-" + std::to_string(i), "cue_sk_00000", std::nullopt},
                                  some_act());
      });
  }
  const auto in_force = database_.value("SELECT api_key_hash FROM users");
  for (int i = 0; i < rivals; ++i) {
    if ("new-" + std::to_string(i) == in_force) {
      EXPECT_TRUE(outcomes[i]);
      continue;
    }
    ASSERT_FALSE(outcomes[i]);
    EXPECT_EQ(outcomes[i].error().status, 409);
    EXPECT_EQ(outcomes[i].error().code, "key_already_rotated");
  }
}

TEST_F(user_secrets, a_cut_connection_is_a_503_when_the_old_key_is_still_in_force) {
  database_.exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                 "WHERE datname = current_database() AND pid <> pg_backend_pid()");
  const auto outcome = replace_key(link_, {ada, ""}, ada_hash, second_key, some_act());
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().status, 503);
  EXPECT_TRUE(replace_key(link_, {ada, ""}, ada_hash, second_key, some_act()));
}

TEST_F(user_secrets, a_user_who_is_gone_is_a_401_not_a_conflict) {
  EXPECT_EQ(replace_key(link_, {bob, ""}, "any", second_key, some_act()).error().code, "user_not_found");
  EXPECT_EQ(read_key(link_, bob).error().code, "user_not_found");
  EXPECT_EQ(read_webhook_secret(link_, bob).error().code, "user_not_found");
  EXPECT_EQ(replace_webhook_secret(link_, bob, "s", some_act()).error().code, "user_not_found");
  EXPECT_EQ(alert_webhook_secret(link_, bob, "s").error().code, "user_not_found");
  EXPECT_EQ(replace_alert_webhook_secret(link_, bob, "s", some_act()).error().code, "user_not_found");
}

TEST_F(user_secrets, old_keys_are_forgotten_by_the_clean_up) {
  ASSERT_TRUE(replace_key(link_, {ada, ""}, ada_hash, second_key, some_act()));
  database_.exec("INSERT INTO cued.rotated_keys (key_hash, user_id, rotated_at) "
                 "VALUES ('old', gen_random_uuid(), now() - interval '25 hours')");
  database_.exec("INSERT INTO cued.registered_keys (user_id, api_key_encrypted) VALUES (gen_random_uuid(), 'gAAAA')");
  ASSERT_TRUE(forget_old_keys(link_));
  EXPECT_EQ(database_.value("SELECT string_agg(key_hash, ',') FROM cued.rotated_keys"), ada_hash);
  EXPECT_EQ(database_.value("SELECT count(*) FROM cued.registered_keys"), "0");
}

TEST_F(user_secrets, the_webhook_secret_is_replaced_without_overlap) {
  EXPECT_EQ(read_webhook_secret(link_, ada), "whsec_" + std::string(64, 'a'));
  ASSERT_TRUE(replace_webhook_secret(link_, ada, "whsec_new", some_act()));
  EXPECT_EQ(read_webhook_secret(link_, ada), "whsec_new");
}

TEST_F(user_secrets, the_alert_secret_is_made_once_and_stays) {
  EXPECT_EQ(alert_webhook_secret(link_, ada, "first"), "first");
  EXPECT_EQ(alert_webhook_secret(link_, ada, "second"), "first");
  ASSERT_TRUE(replace_alert_webhook_secret(link_, ada, "third", some_act()));
  EXPECT_EQ(alert_webhook_secret(link_, ada, "fourth"), "third");
}

TEST_F(user_secrets, parallel_first_calls_see_one_alert_secret) {
  constexpr int rivals = 6;
  std::vector<result<std::string>> seen(rivals);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < rivals; ++i)
      threads.emplace_back([&, i] {
        connection own{database_.options()};
        seen[i] = alert_webhook_secret(own, ada, "candidate-" + std::to_string(i));
      });
  }
  std::set<std::string> distinct;
  for (const auto& secret : seen)
    distinct.insert(secret.value_or("none"));
  EXPECT_EQ(distinct, std::set{database_.value("SELECT alert_webhook_secret FROM users")});
}
