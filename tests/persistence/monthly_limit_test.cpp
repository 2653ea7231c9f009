#include "persistence/delivery_store.hpp"

#include "tests/persistence/execution_rows.hpp"

namespace cued::test {
namespace {

using persistence::postgres_delivery_store;

/// Ada may run ten executions a month; times are those of the database.
class monthly_limit : public execution_test {
protected:
  monthly_limit() {
    database_.exec("UPDATE users SET monthly_execution_limit = 10, alert_webhook_url = 'https://a.example', "
                   "alert_webhook_secret = 'key' WHERE id = " +
                   quoted(ada));
    add_cue("cue_1");
  }

  void use(int executions, const std::string& month = "date_trunc('month', now() AT TIME ZONE 'UTC')::date") {
    database_.exec("INSERT INTO usage_monthly (user_id, month_start, execution_count) VALUES (" + quoted(ada) + ", " +
                   month + ", " + std::to_string(executions) + ")");
  }
  void over_since(const std::string& age) {
    database_.exec("INSERT INTO cued.quota_grace (user_id, month_start, started_at) VALUES (" + quoted(ada) +
                   ", date_trunc('month', now() AT TIME ZONE 'UTC')::date, now() - interval " + quoted(age) + ")");
  }
  bool starts(int n, const columns& given = {}) {
    const auto e = add_execution(n, "cue_1", given);
    database_.exec("INSERT INTO dispatch_outbox (execution_id, cue_id, task_type, payload, dispatched, "
                   "dispatch_attempts) VALUES (" +
                   quoted(e) + ", 'cue_1', 'deliver', '{}', false, 0)");
    return !store_.start({e}, wall_clock{}.now()).value().empty();
  }
  std::string count(const std::string& table) { return database_.value("SELECT count(*) FROM " + table); }

  postgres_delivery_store store_{database_.options()};
};

TEST_F(monthly_limit, below_it_nothing_happens) {
  use(9);
  EXPECT_TRUE(starts(1));
  EXPECT_EQ(count("cued.quota_grace"), "0");
}

TEST_F(monthly_limit, reaching_it_begins_a_day_of_grace_once) {
  use(10);
  EXPECT_TRUE(starts(1));
  const auto since = database_.value("SELECT started_at FROM cued.quota_grace");
  EXPECT_NE(since, "");
  EXPECT_TRUE(starts(2));
  EXPECT_EQ(database_.value("SELECT started_at FROM cued.quota_grace"), since);
  EXPECT_EQ(count("alerts"), "0");
}

TEST_F(monthly_limit, the_beginning_of_the_grace_is_answered_with_the_batch_that_began_it) {
  use(10);
  const auto first = store_.start({add_execution(1, "cue_1")}, wall_clock{}.now()).value();
  ASSERT_EQ(first.size(), 1u);
  ASSERT_TRUE(first[0].grace_begun_at);
  const auto second = store_.start({add_execution(2, "cue_1")}, wall_clock{}.now()).value();
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].grace_begun_at, std::nullopt);
}

TEST_F(monthly_limit, within_grace_webhooks_go_out) {
  use(500);
  over_since("23 hours 59 minutes");
  EXPECT_TRUE(starts(1));
}

TEST_F(monthly_limit, after_grace_scheduled_webhooks_fail_and_the_cue_stays_as_it_is) {
  use(10);
  over_since("24 hours 1 minute");
  EXPECT_FALSE(starts(1));
  EXPECT_EQ(column(1, "status || ': ' || error_message"), "failed: Monthly execution limit reached");
  EXPECT_EQ(column(1, "last_attempt_at IS NOT NULL AND attempts = 0 AND started_at IS NULL"), "t");
  EXPECT_EQ(database_.value("SELECT status || ' ' || run_count FROM cues"), "active 0");
  EXPECT_EQ(database_.value("SELECT dispatched FROM dispatch_outbox"), "t");
}

TEST_F(monthly_limit, the_block_holds_and_is_told_once) {
  use(10);
  over_since("24 hours 1 minute");
  for (int n = 1; n <= 3; ++n)
    EXPECT_FALSE(starts(n));
  EXPECT_EQ(
      database_.value("SELECT count(*) || ' ' || min(alert_type) || ' ' || (min(metadata ->> 'limit')) FROM alerts"),
      "1 quota_exceeded 10");
  EXPECT_EQ(count("cued.notices"), "1") << "no letter and no failure webhook for each execution";
}

TEST_F(monthly_limit, several_of_one_batch_are_blocked_together_and_those_of_others_go_out) {
  use(10);
  over_since("25 hours");
  add_cue("cue_bob", {{"user_id", quoted(bob)}});
  const std::vector ids{add_execution(1, "cue_1"), add_execution(2, "cue_1"), add_execution(3, "cue_bob")};
  const auto started = store_.start(ids, wall_clock{}.now()).value();
  ASSERT_EQ(started.size(), 1u);
  EXPECT_EQ(started[0].user_id, bob);
  EXPECT_EQ(count("alerts"), "1");
}

TEST_F(monthly_limit, fires_replays_and_retries_are_exempt) {
  use(10);
  over_since("25 hours");
  EXPECT_TRUE(starts(1, {{"triggered_by", "'manual_fire'"}}));
  EXPECT_TRUE(starts(2, {{"triggered_by", "'replay'"}}));
  EXPECT_TRUE(starts(3, {{"status", "'retry_ready'"}, {"attempts", "1"}}));
}

TEST_F(monthly_limit, zero_means_unlimited) {
  database_.exec("UPDATE users SET monthly_execution_limit = 0");
  use(10);
  over_since("25 hours");
  EXPECT_TRUE(starts(1));
}

TEST_F(monthly_limit, a_new_month_begins_anew) {
  use(500, "(date_trunc('month', now() AT TIME ZONE 'UTC') - interval '1 month')::date");
  EXPECT_TRUE(starts(1));
  EXPECT_EQ(count("cued.quota_grace"), "0");
}

TEST_F(monthly_limit, it_can_be_switched_off) {
  use(10);
  over_since("25 hours");
  postgres_delivery_store unlimited{database_.options(), postgres_delivery_store::monthly_limit::ignored};
  EXPECT_EQ(unlimited.start({add_execution(1, "cue_1")}, wall_clock{}.now()).value().size(), 1u);
}

} // namespace
} // namespace cued::test
