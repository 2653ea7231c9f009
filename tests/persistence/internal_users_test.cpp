#include "persistence/internal_users.hpp"

#include "tests/persistence/account_rows.hpp"

using namespace cued;
using namespace cued::persistence;
using namespace cued::test;

namespace {

class internal_users : public account_test {
protected:
  static external_user carol(const std::string& id = bob) {
    external_user user;
    user.id = id;
    user.email = "carol@b.com";
    user.slug = "carol";
    user.api_key_hash = "hash-of-carol";
    user.api_key_prefix = "cue_sk_33333";
    user.webhook_secret = "whsec_carol";
    return user;
  }
};

} // namespace

TEST_F(internal_users, a_new_one_gets_the_limits_of_a_new_account) {
  const auto stored = upsert_external_user(link_, carol(), some_act());
  ASSERT_TRUE(stored);
  EXPECT_TRUE(stored->created);
  EXPECT_EQ(stored->id, bob);
  EXPECT_EQ(stored->email, "carol@b.com");
  EXPECT_EQ(stored->slug, "carol");
  EXPECT_EQ(stored->plan, "free");
  EXPECT_EQ(stored->active_cue_limit, 10);
  EXPECT_EQ(stored->monthly_execution_limit, 300);
  EXPECT_EQ(stored->monthly_message_limit, 300);
  EXPECT_EQ(stored->rate_limit_per_minute, 60);
  EXPECT_EQ(database_.value("SELECT webhook_secret FROM users WHERE id = '" + bob + "'"), "whsec_carol");
}

TEST_F(internal_users, an_existing_one_keeps_what_is_not_named_and_its_key) {
  auto user = carol(ada);
  user.plan = "scale";
  user.monthly_message_limit = 9;
  user.external_owner = "tenant-7";
  ASSERT_TRUE(upsert_external_user(link_, user, some_act()));
  const auto again = upsert_external_user(link_, carol(ada), some_act());
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->created);
  EXPECT_EQ(again->plan, "scale");
  EXPECT_EQ(again->monthly_message_limit, 9);
  EXPECT_EQ(again->active_cue_limit, 10);
  const auto row = database_.exec("SELECT api_key_hash, external_owner, email FROM users WHERE id = '" + ada + "'")[0];
  EXPECT_EQ(row["api_key_hash"].as<std::string>(), ada_hash);
  EXPECT_EQ(row["external_owner"].as<std::string>(), "tenant-7");
  EXPECT_EQ(row["email"].as<std::string>(), "carol@b.com");
}

TEST_F(internal_users, an_address_or_a_name_of_another_account_is_refused) {
  auto user = carol();
  user.email = "ada@b.com";
  EXPECT_EQ(upsert_external_user(link_, user, some_act()).error().code, "duplicate_email");
  user = carol();
  user.slug = "ada";
  EXPECT_EQ(upsert_external_user(link_, user, some_act()).error().code, "duplicate_slug");
  EXPECT_EQ(database_.value("SELECT count(*) FROM users"), "1");
}

TEST_F(internal_users, an_address_that_the_other_system_vouches_for_counts_as_proven) {
  ASSERT_TRUE(upsert_external_user(link_, carol(), {audit_action::account_upserted, "internal"}));
  EXPECT_EQ(database_.value("SELECT email FROM cued.proven_addresses WHERE user_id = '" + bob + "'"), "carol@b.com");
  EXPECT_EQ(database_.value("SELECT action FROM cued.audit_log WHERE user_id = '" + bob + "'"), "account_upserted");
}
