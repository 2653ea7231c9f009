#include "persistence/alerts.hpp"

#include "tests/persistence/account_rows.hpp"

using namespace cued;
using namespace cued::persistence;
using namespace cued::test;
using namespace std::chrono_literals;

namespace {

class alerts : public database_test {
protected:
  const instant now_ = std::chrono::sys_days{std::chrono::year{2026} / 11 / 24} + 13h;

  void add(const std::string& user_id, const std::string& type, const std::string& message, instant created_at,
           const std::string& metadata = "NULL") {
    database_.exec("INSERT INTO alerts (id, user_id, alert_type, message, metadata, created_at) VALUES "
                   "(gen_random_uuid(), '" +
                   user_id + "', '" + type + "', '" + message + "', " + metadata + ", '" + write_instant(created_at) +
                   "')");
  }

  std::vector<std::string> messages(const alert_filter& filter) {
    std::vector<std::string> found;
    const auto page = list_alerts(link_, ada, filter);
    for (const auto& one : page->alerts)
      found.push_back(one.message);
    return found;
  }
};

using strings = std::vector<std::string>;

} // namespace

TEST_F(alerts, are_the_user_s_own_newest_first) {
  add(ada, "verification_failed", "first", now_ - 2h);
  add(ada, "consecutive_failures", "second", now_ - 1h);
  add(bob, "consecutive_failures", "not mine", now_);
  EXPECT_EQ(messages({}), (strings{"second", "first"}));
  EXPECT_EQ(list_alerts(link_, ada, {})->total, 2);
}

TEST_F(alerts, a_page_keeps_the_total_of_all_that_match) {
  for (int i = 0; i < 5; ++i)
    add(ada, "outcome_timeout", std::to_string(i), now_ - std::chrono::hours{i});
  alert_filter filter;
  filter.limit = 2;
  filter.offset = 1;
  EXPECT_EQ(messages(filter), (strings{"1", "2"}));
  EXPECT_EQ(list_alerts(link_, ada, filter)->total, 5);
  filter.offset = 9;
  EXPECT_EQ(messages(filter), strings{});
  EXPECT_EQ(list_alerts(link_, ada, filter)->total, 5);
}

TEST_F(alerts, can_be_filtered_by_type) {
  add(ada, "verification_failed", "first", now_ - 2h);
  add(ada, "consecutive_failures", "second", now_ - 1h);
  alert_filter filter;
  filter.alert_type = "verification_failed";
  EXPECT_EQ(messages(filter), strings{"first"});
  EXPECT_EQ(list_alerts(link_, ada, filter)->total, 1);
}

TEST_F(alerts, since_includes_its_own_instant) {
  add(ada, "verification_failed", "first", now_ - 1us);
  add(ada, "verification_failed", "second", now_);
  alert_filter filter;
  filter.since = now_;
  EXPECT_EQ(messages(filter), strings{"second"});
}

TEST_F(alerts, show_how_their_webhook_fares) {
  add(ada, "verification_failed", "told nobody", now_ - 1h);
  add(ada, "verification_failed", "given up", now_);
  database_.exec(
      "INSERT INTO cued.notices (kind, user_id, alert_id, content, status, attempts, http_status, last_error) "
      "SELECT 'alert', user_id, id, '{}', 'failed', 9, 500, 'no luck' FROM alerts WHERE message = 'given up'");
  const auto page = list_alerts(link_, ada, {});
  ASSERT_EQ(page->alerts.size(), 2u);
  ASSERT_TRUE(page->alerts[0].delivery);
  EXPECT_EQ(page->alerts[0].delivery->status, "failed");
  EXPECT_EQ(page->alerts[0].delivery->attempts, 9);
  EXPECT_EQ(page->alerts[0].delivery->http_status, 500);
  EXPECT_EQ(page->alerts[0].delivery->last_error, "no luck");
  EXPECT_FALSE(page->alerts[0].delivery->delivered_at);
  EXPECT_FALSE(page->alerts[1].delivery);
}

TEST_F(alerts, every_column_is_read_and_both_nulls_of_metadata_are_one) {
  database_.exec("INSERT INTO alerts (id, user_id, cue_id, execution_id, alert_type, severity, message, metadata, "
                 "acknowledged, created_at) VALUES ('44444444-4444-4444-8444-444444444444', '" +
                 ada +
                 "', 'cue_0123456789ab', '55555555-5555-4555-8555-555555555555', 'consecutive_failures', 'critical', "
                 "'text', '{\"consecutive_failures\": 3}', true, '2026-11-24 00:43:46.109501+00')");
  add(ada, "verification_failed", "bare", now_ - 100h, "'null'");
  const auto page = list_alerts(link_, ada, {});
  ASSERT_EQ(page->alerts.size(), 2u);
  const auto& full = page->alerts[0];
  EXPECT_EQ(full.id, "44444444-4444-4444-8444-444444444444");
  EXPECT_EQ(full.cue_id, "cue_0123456789ab");
  EXPECT_EQ(full.execution_id, "55555555-5555-4555-8555-555555555555");
  EXPECT_EQ(full.severity, "critical");
  EXPECT_EQ(full.metadata_json, R"({"consecutive_failures": 3})");
  EXPECT_TRUE(full.acknowledged);
  EXPECT_EQ(full.created_at, read_instant("2026-11-24 00:43:46.109501+00"));
  const auto& bare = page->alerts[1];
  EXPECT_EQ(bare.cue_id, std::nullopt);
  EXPECT_EQ(bare.execution_id, std::nullopt);
  EXPECT_EQ(bare.severity, "warning");
  EXPECT_EQ(bare.metadata_json, std::nullopt);
  EXPECT_FALSE(bare.acknowledged);
}
