#include "persistence/outcome_deadlines.hpp"

#include <gmock/gmock.h>

#include "persistence/claim_store.hpp"
#include "persistence/deadline_store.hpp"
#include "persistence/outbox.hpp"
#include "persistence/outcome_store.hpp"
#include "tests/persistence/execution_rows.hpp"

namespace cued::test {
namespace {

using namespace std::chrono_literals;
using persistence::attempt_result;
using persistence::recorded_outcome;

class outcome_deadlines : public execution_test {
protected:
  attempt_result success_of(int n) {
    attempt_result a;
    a.execution_id = execution_id(n);
    a.what = attempt_result::verdict::success;
    a.http_status = 200;
    return a;
  }

  recorded_outcome report(int n, bool success = true) {
    persistence::reported_outcome r;
    r.user_id = ada;
    r.execution_id = execution_id(n);
    r.success = success;
    return outcomes_.record_outcomes({r}, now_).value().at(0);
  }

  /// Delivered, and a minute was given for the outcome.
  void add_delivered(int n, const std::string& cue_id, const columns& given = {}) {
    columns row = given;
    row.emplace("status", "'success'");
    row.emplace("outcome_deadline_seconds", "60");
    row.emplace("outcome_deadline_at", "timestamptz '2026-11-24 13:00:00+00'");
    add_execution(n, cue_id, row);
  }

  std::string cue_column(const std::string& id, const std::string& name) {
    return database_.value("SELECT " + name + " FROM cues WHERE id = " + quoted(id));
  }

  persistence::postgres_outcome_store outcomes_{database_.options()};
  persistence::postgres_claim_store claims_{database_.options()};
  persistence::postgres_deadline_store deadlines_{database_.options(), persistence::deadline_limits{}};
};

TEST_F(outcome_deadlines, a_delivery_starts_the_clock_of_a_cue_that_has_one) {
  add_cue("cue_1", {{"outcome_deadline_seconds", "90"}});
  add_cue("cue_plain");
  add_execution(1, "cue_1", {{"status", "'delivering'"}});
  add_execution(2, "cue_plain", {{"status", "'delivering'"}});
  auto recorded = outcomes_.record_attempts({success_of(1), success_of(2)}, now_).value();
  ASSERT_EQ(recorded.size(), 2u);
  std::ranges::sort(recorded, {}, &persistence::recorded_attempt::execution_id);
  EXPECT_EQ(recorded[0].outcome_deadline_at, now_ + 90s);
  EXPECT_TRUE(recorded[0].delivered);
  EXPECT_EQ(recorded[1].outcome_deadline_at, std::nullopt);
  EXPECT_EQ(column(1, "outcome_deadline_at"), "2026-11-24 13:01:30+00");
  EXPECT_EQ(column(1, "outcome_deadline_seconds"), "90");
  EXPECT_EQ(column(2, "outcome_deadline_at IS NULL"), "t");
  EXPECT_EQ(deadlines_.next_retry_before(now_, now_ + 2min).value(), now_ + 90s);
}

TEST_F(outcome_deadlines, a_handler_that_reported_before_it_answered_has_no_deadline) {
  add_cue("cue_1", {{"outcome_deadline_seconds", "90"}});
  add_execution(1, "cue_1", {{"status", "'delivering'"}});
  report(1);
  EXPECT_EQ(outcomes_.record_attempts({success_of(1)}, now_).value().at(0).outcome_deadline_at, std::nullopt);
  EXPECT_EQ(column(1, "outcome_deadline_at IS NULL"), "t");
}

TEST_F(outcome_deadlines, a_failed_attempt_starts_no_clock) {
  add_cue("cue_1", {{"outcome_deadline_seconds", "90"}});
  add_execution(1, "cue_1", {{"status", "'delivering'"}});
  auto failed = success_of(1);
  failed.what = attempt_result::verdict::retry;
  failed.next_retry = now_ + 1min;
  EXPECT_EQ(outcomes_.record_attempts({failed}, now_).value().at(0).outcome_deadline_at, std::nullopt);
}

TEST_F(outcome_deadlines, a_claim_starts_the_clock_and_a_claim_given_back_stops_it) {
  add_worker_cue("cue_1", "{}", {{"outcome_deadline_seconds", "3600"}});
  add_execution(1, "cue_1");
  ASSERT_TRUE(claims_.claim({{ada, execution_id(1), "w"}}, now_).value().at(0));
  EXPECT_EQ(column(1, "outcome_deadline_at"), "2026-11-24 14:00:00+00");
  ASSERT_EQ(deadlines_.return_lost_claims(now_ + 20min).value().size(), 1u);
  EXPECT_EQ(column(1, "outcome_deadline_at IS NULL"), "t");
}

TEST_F(outcome_deadlines, what_was_not_reported_in_time_is_timed_out_with_its_consequences) {
  database_.exec("UPDATE users SET alert_webhook_url = 'https://a.example/', alert_webhook_secret = 's' WHERE id = " +
                 quoted(ada));
  add_cue("cue_once", {{"schedule_type", "'once'"}, {"status", "'completed'"}});
  add_cue("cue_pause", {{"on_failure", "'{\"email\": false, \"pause\": true}'"}, {"next_run", "now()"}});
  add_worker_cue("cue_worker", "{}", {{"next_run", "now()"}});
  add_delivered(1, "cue_once");
  add_delivered(2, "cue_pause");
  add_delivered(3, "cue_worker", {{"status", "'delivering'"}});
  EXPECT_EQ(deadlines_.expire_outcomes(now_).value().executions, 3u);
  for (int n = 1; n <= 3; ++n) {
    EXPECT_EQ(column(n, "status"), "outcome_timeout");
    EXPECT_EQ(column(n, "error_message"), "No outcome reported within 60s");
  }
  EXPECT_EQ(cue_column("cue_once", "status"), "failed");
  EXPECT_EQ(cue_column("cue_pause", "status"), "paused");
  EXPECT_EQ(cue_column("cue_pause", "next_run IS NULL"), "t");
  EXPECT_EQ(cue_column("cue_worker", "status"), "active");
  EXPECT_EQ(database_.value("SELECT string_agg(execution_id::text, ' ' ORDER BY execution_id) FROM alerts "
                            "WHERE alert_type = 'outcome_timeout' AND user_id = " +
                            quoted(ada)),
            execution_id(1) + " " + execution_id(2) + " " + execution_id(3));
  EXPECT_EQ(database_.value("SELECT metadata ->> 'outcome_deadline_seconds' FROM alerts LIMIT 1"), "60");
  EXPECT_EQ(database_.value("SELECT count(*) FROM cued.notices WHERE kind = 'alert'"), "3");
  EXPECT_EQ(database_.value("SELECT count(*) FROM cued.notices WHERE kind = 'mail'"), "2") << "cue_pause wants none";
  EXPECT_EQ(deadlines_.expire_outcomes(now_ + 1h).value().executions, 0u) << "once is enough";
}

TEST_F(outcome_deadlines, what_was_reported_or_has_time_left_or_has_no_deadline_is_left_alone) {
  add_cue("cue_1");
  add_worker_cue("cue_worker");
  add_delivered(1, "cue_1", {{"outcome_recorded_at", "now()"}, {"outcome_success", "true"}});
  add_delivered(2, "cue_1", {{"outcome_deadline_at", "timestamptz '2026-11-24 13:00:00.000001+00'"}});
  add_delivered(3, "cue_1", {{"outcome_deadline_at", "NULL"}});
  add_delivered(4, "cue_worker", {{"status", "'pending'"}});
  EXPECT_EQ(deadlines_.expire_outcomes(now_).value().executions, 0u);
  EXPECT_EQ(database_.value("SELECT count(*) FROM alerts"), "0");
}

TEST_F(outcome_deadlines, a_late_report_is_kept_and_decides_only_where_a_worker_made_it) {
  add_cue("cue_1");
  add_worker_cue("cue_once", "{}", {{"schedule_type", "'once'"}});
  add_delivered(1, "cue_1");
  add_delivered(2, "cue_once", {{"status", "'delivering'"}});
  ASSERT_EQ(deadlines_.expire_outcomes(now_).value().executions, 2u);
  EXPECT_EQ(report(1).what, recorded_outcome::verdict::recorded);
  EXPECT_EQ(report(2).what, recorded_outcome::verdict::recorded);
  EXPECT_EQ(column(1, "status || outcome_success"), "outcome_timeouttrue");
  EXPECT_EQ(column(2, "status"), "success");
  EXPECT_EQ(cue_column("cue_once", "status"), "completed");
}

TEST_F(outcome_deadlines, what_timed_out_can_be_replayed) {
  add_cue("cue_1");
  add_delivered(1, "cue_1");
  ASSERT_EQ(deadlines_.expire_outcomes(now_).value().executions, 1u);
  const auto again = persistence::replay_execution(link_, ada, execution_id(1), execution_id(2), now_);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(column(2, "status || triggered_by"), "pendingreplay");
}

} // namespace
} // namespace cued::test
