#include "persistence/audit_log.hpp"

#include <set>

#include "persistence/user_secrets.hpp"
#include "tests/persistence/account_rows.hpp"

using namespace cued;
using namespace cued::persistence;
using namespace cued::test;

namespace {

class audit_log : public account_test {
protected:
  audit_log() { database_.exec("DELETE FROM cued.audit_log"); }

  std::string actions() {
    return database_.value("SELECT coalesce(string_agg(action, ' ' ORDER BY id), '') FROM cued.audit_log");
  }
};

const audit_entry complete{
    audit_action::named_key_made, "api_key", "44444444-4444-4444-8444-444444444444", "192.0.2.7", "request-17",
    R"({"name": "box"})"};

} // namespace

TEST_F(audit_log, keeps_who_did_what_from_where) {
  ASSERT_TRUE(record_audit(link_, ada, complete));
  const auto page = read_audit(link_, ada, 10, {});
  ASSERT_TRUE(page);
  ASSERT_EQ(page->size(), 1U);
  const auto& record = page->front();
  EXPECT_EQ(record.action, "named_key_made");
  EXPECT_EQ(record.actor, "api_key");
  EXPECT_EQ(record.key_id, complete.key_id);
  EXPECT_EQ(record.key_name, std::nullopt);
  EXPECT_EQ(record.client_address, "192.0.2.7");
  EXPECT_EQ(record.request_id, "request-17");
  EXPECT_EQ(record.details, complete.details);
}

TEST_F(audit_log, is_read_backwards_page_by_page_and_per_account) {
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(record_audit(link_, ada, complete));
  ASSERT_TRUE(record_audit(link_, bob, complete));
  const auto newest = read_audit(link_, ada, 2, {});
  ASSERT_EQ(newest->size(), 2U);
  EXPECT_GT(newest->front().id, newest->back().id);
  const auto rest = read_audit(link_, ada, 2, newest->back().id);
  ASSERT_EQ(rest->size(), 1U);
  EXPECT_LT(rest->front().id, newest->back().id);
}

TEST_F(audit_log, an_act_that_fails_leaves_no_entry) {
  const audit_entry act{audit_action::key_regenerated};
  ASSERT_FALSE(replace_key(link_, {ada, ""}, "another-hash", {"new", "cue_sk_00000", {}}, act));
  ASSERT_FALSE(replace_webhook_secret(link_, bob, "s", {audit_action::webhook_secret_regenerated}));
  ASSERT_FALSE(insert_user(link_, registration(bob, "ada@b.com", "h"), {audit_action::account_registered}));
  EXPECT_EQ(actions(), "");
}

TEST_F(audit_log, an_act_and_its_entry_come_together) {
  ASSERT_TRUE(replace_key(link_, {ada, ""}, ada_hash, {"new", "cue_sk_00000", {}}, {audit_action::key_regenerated}));
  ASSERT_TRUE(change_account(link_, ada, {"ada@c.com", {}}, {audit_action::account_changed}));
  EXPECT_EQ(actions(), "key_regenerated account_changed");
  EXPECT_EQ(database_.value("SELECT count(DISTINCT user_id) FROM cued.audit_log WHERE user_id = '" + ada + "'"), "1");
}

TEST_F(audit_log, an_act_whose_entry_cannot_be_written_does_not_happen) {
  auto broken = complete;
  broken.actor = "nobody";
  EXPECT_FALSE(replace_webhook_secret(link_, ada, "whsec_new", broken));
  EXPECT_NE(read_webhook_secret(link_, ada), "whsec_new");
}

TEST_F(audit_log, what_is_older_than_the_limit_is_forgotten) {
  ASSERT_TRUE(record_audit(link_, ada, complete));
  ASSERT_TRUE(record_audit(link_, ada, {audit_action::key_revealed}));
  database_.exec("UPDATE cued.audit_log SET occurred_at = '2025-11-24 13:00+00' WHERE action = 'named_key_made'");
  ASSERT_TRUE(forget_audit(link_, read_instant("2025-11-24 13:00:00.000001+00")));
  EXPECT_EQ(actions(), "key_revealed");
}

TEST(audit_action, each_has_a_name_of_its_own) {
  std::set<std::string_view> names;
  constexpr int last = static_cast<int>(audit_action::login_claimed);
  for (int i = 0; i <= last; ++i)
    names.insert(name_of(static_cast<audit_action>(i)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(last) + 1);
  EXPECT_FALSE(names.contains("unknown"));
}
