#include "persistence/outcome_store.hpp"

#include <gmock/gmock.h>

#include "domain/verification.hpp"
#include "persistence/cues.hpp"
#include "tests/persistence/execution_rows.hpp"

namespace cued::test {
namespace {

using persistence::attempt_result;
using persistence::recorded_outcome;
using persistence::reported_outcome;
using verdict_of_report = recorded_outcome::verdict;

class outcome_store : public execution_test {
protected:
  reported_outcome report_on(const std::string& execution, bool success = true) {
    reported_outcome r;
    r.user_id = ada;
    r.execution_id = execution;
    r.success = success;
    return r;
  }

  recorded_outcome record(const reported_outcome& r) {
    at_ += std::chrono::microseconds{1};
    return store_.record_outcomes({r}, at_).value().at(0);
  }

  std::string cue_column(const std::string& id, const std::string& name) {
    return database_.value("SELECT " + name + " FROM cues WHERE id = " + quoted(id));
  }

  /// As they are told: rows of recurring cues are behind, see persistence/cue_runs.hpp.
  std::int64_t runs_of(const std::string& cue) { return persistence::find_cue(link_, ada, cue).value().run_count; }
  std::optional<instant> last_run_of(const std::string& cue) {
    return persistence::find_cue(link_, ada, cue).value().last_run;
  }

  persistence::postgres_outcome_store store_{database_.options()};
  instant at_ = now_;
};

TEST_F(outcome_store, a_report_on_a_worker_execution_ends_it_and_counts_for_its_cue) {
  add_worker_cue("cue_1");
  const auto e = add_execution(1, "cue_1", {{"status", "'delivering'"}});
  auto r = report_on(e);
  r.result = "42";
  r.metadata_json = R"({"a": 1})";
  const auto recorded = record(r);
  EXPECT_EQ(recorded.what, verdict_of_report::recorded);
  EXPECT_EQ(recorded.outcome_state, "reported_success");
  EXPECT_EQ(column(1, "status"), "success");
  EXPECT_EQ(column(1, "outcome_success"), "t");
  EXPECT_EQ(column(1, "outcome_result"), "42");
  EXPECT_EQ(column(1, "outcome_metadata"), R"({"a": 1})");
  EXPECT_EQ(column(1, "outcome_recorded_at = delivered_at"), "t");
  EXPECT_EQ(runs_of("cue_1"), 1);
  EXPECT_EQ(persistence::find_cue(link_, ada, "cue_1").value().last_run,
            persistence::read_instant(column(1, "outcome_recorded_at")));
}

TEST_F(outcome_store, a_reported_failure_fails_the_execution_with_its_error) {
  add_worker_cue("cue_1");
  const auto e = add_execution(1, "cue_1", {{"status", "'delivering'"}});
  auto r = report_on(e, false);
  r.error = "no luck";
  EXPECT_EQ(record(r).outcome_state, "reported_failure");
  EXPECT_EQ(column(1, "status"), "failed");
  EXPECT_EQ(column(1, "error_message"), "no luck");
  EXPECT_EQ(column(1, "delivered_at IS NULL"), "t");
  EXPECT_EQ(cue_column("cue_1", "status"), "active");
}

TEST_F(outcome_store, a_one_time_worker_cue_ends_with_its_execution) {
  for (const auto& [id, success, status] : {std::tuple{"cue_good", true, "completed"}, {"cue_bad", false, "failed"}}) {
    const int n = success ? 1 : 2;
    add_worker_cue(id, "{}", {{"schedule_type", "'once'"}});
    const auto e = add_execution(n, id, {{"status", "'delivering'"}});
    record(report_on(e, success));
    EXPECT_EQ(cue_column(id, "status"), status);
  }
}

TEST_F(outcome_store, a_report_on_a_webhook_execution_leaves_status_and_cue_alone) {
  add_cue("cue_1");
  const auto e = add_execution(1, "cue_1", {{"status", "'retrying'"}});
  EXPECT_EQ(record(report_on(e)).what, verdict_of_report::recorded);
  EXPECT_EQ(column(1, "status"), "retrying");
  EXPECT_EQ(runs_of("cue_1"), 0);
}

TEST_F(outcome_store, the_first_report_wins_for_ever) {
  add_worker_cue("cue_1");
  const auto e = add_execution(1, "cue_1");
  EXPECT_EQ(record(report_on(e, true)).what, verdict_of_report::recorded);
  EXPECT_EQ(record(report_on(e, false)).what, verdict_of_report::already_recorded);
  EXPECT_EQ(record(report_on(e, true)).what, verdict_of_report::already_recorded);
  EXPECT_EQ(column(1, "outcome_success"), "t");
}

TEST_F(outcome_store, of_two_reports_in_one_batch_the_first_wins) {
  add_worker_cue("cue_1");
  const auto e = add_execution(1, "cue_1");
  const auto both = store_.record_outcomes({report_on(e, true), report_on(e, false)}, now_).value();
  EXPECT_EQ(both[0].what, verdict_of_report::recorded);
  EXPECT_EQ(both[1].what, verdict_of_report::already_recorded);
  EXPECT_EQ(column(1, "outcome_success"), "t");
  EXPECT_EQ(runs_of("cue_1"), 1);
}

TEST_F(outcome_store, a_strangers_report_finds_nothing_and_shadows_nobody) {
  add_worker_cue("cue_1");
  const auto e = add_execution(1, "cue_1");
  auto strange = report_on(e, false);
  strange.user_id = bob;
  const auto both = store_.record_outcomes({strange, report_on(e, true)}, now_).value();
  EXPECT_EQ(both[0].what, verdict_of_report::not_found);
  EXPECT_EQ(both[1].what, verdict_of_report::recorded);
  EXPECT_EQ(column(1, "outcome_success"), "t");
}

TEST_F(outcome_store, a_refused_report_is_judged_after_existence_and_write_once_and_stores_nothing) {
  add_worker_cue("cue_1");
  const auto e = add_execution(1, "cue_1");
  auto r = report_on(e);
  r.refused = true;
  EXPECT_EQ(record(r).what, verdict_of_report::refused);
  EXPECT_EQ(column(1, "outcome_recorded_at IS NULL"), "t");
  EXPECT_EQ(runs_of("cue_1"), 0);
  record(report_on(e));
  EXPECT_EQ(record(r).what, verdict_of_report::already_recorded);
  r.execution_id = execution_id(99);
  EXPECT_EQ(record(r).what, verdict_of_report::not_found);
}

TEST_F(outcome_store, a_refused_report_does_not_stand_in_the_way_of_a_good_one_in_its_batch) {
  add_worker_cue("cue_1");
  const auto e = add_execution(1, "cue_1", {{"status", "'delivering'"}});
  auto refused = report_on(e);
  refused.refused = true;
  const auto answers = store_.record_outcomes({refused, report_on(e), refused, report_on(e)}, at_).value();
  std::vector<verdict_of_report> verdicts;
  for (const auto& one : answers)
    verdicts.push_back(one.what);
  EXPECT_THAT(verdicts, testing::ElementsAre(verdict_of_report::refused, verdict_of_report::recorded,
                                             verdict_of_report::already_recorded, verdict_of_report::already_recorded));
}

TEST_F(outcome_store, repeating_a_batch_whose_commit_was_in_doubt_gives_the_same_answer) {
  add_worker_cue("cue_1");
  const auto e = add_execution(1, "cue_1");
  const auto first = store_.record_outcomes({report_on(e)}, now_).value();
  const auto again = store_.record_outcomes({report_on(e)}, now_).value();
  EXPECT_EQ(again[0].what, verdict_of_report::recorded);
  EXPECT_EQ(again[0].outcome_state, first[0].outcome_state);
  EXPECT_EQ(runs_of("cue_1"), 1) << "it is counted once";
}

TEST_F(outcome_store, a_batch_of_all_kinds_records_each_as_it_would_be_alone) {
  add_worker_cue("cue_plain");
  add_worker_cue("cue_once", "{}", {{"schedule_type", "'once'"}});
  add_worker_cue("cue_manual", "{}", {{"verification_mode", "'manual'"}});
  add_worker_cue("cue_line", "{}", {{"overlap_policy", "'queue_one'"}});
  add_cue("cue_webhook");
  int n = 0;
  std::vector<reported_outcome> reports;
  for (const auto* cue : {"cue_plain", "cue_once", "cue_manual", "cue_line", "cue_webhook", "cue_plain", "cue_plain"})
    reports.push_back(report_on(add_execution(++n, cue, {{"status", "'delivering'"}})));
  reports[5].success = false;
  reports[6].external_id = "x";
  reports.push_back(report_on(execution_id(99)));
  const auto answers = store_.record_outcomes(reports, at_).value();
  std::vector<std::string> states;
  for (const auto& one : answers)
    states.push_back(one.outcome_state);
  EXPECT_THAT(states,
              testing::ElementsAre("reported_success", "reported_success", "verification_pending", "reported_success",
                                   "reported_success", "reported_failure", "reported_success", ""));
  EXPECT_EQ(answers[7].what, verdict_of_report::not_found);
  EXPECT_EQ(column(4, "status"), "success");
  EXPECT_EQ(column(5, "status"), "delivering") << "of a webhook";
  EXPECT_EQ(column(6, "status"), "failed");
  EXPECT_EQ(column(7, "evidence_external_id"), "x");
  EXPECT_EQ(cue_column("cue_once", "status"), "completed");
  EXPECT_EQ(runs_of("cue_plain"), 3);
}

TEST_F(outcome_store, what_was_recorded_before_the_database_failed_is_told_so_and_the_rest_is_not_now) {
  add_worker_cue("cue_1");
  const auto good = report_on(add_execution(1, "cue_1", {{"status", "'delivering'"}}));
  const auto bad = report_on(add_execution(2, "cue_1", {{"status", "'delivering'"}}), false);
  database_.exec("ALTER TABLE alerts RENAME TO alerts_away");
  const auto answers = store_.record_outcomes({good, bad}, at_).value();
  EXPECT_EQ(answers[0].what, verdict_of_report::recorded);
  EXPECT_EQ(answers[1].what, verdict_of_report::not_now);
  EXPECT_EQ(column(2, "outcome_recorded_at IS NULL"), "t");
  EXPECT_FALSE(store_.record_outcomes({bad}, at_).has_value());
  database_.exec("ALTER TABLE alerts_away RENAME TO alerts");
  EXPECT_EQ(store_.record_outcomes({bad}, at_).value()[0].what, verdict_of_report::recorded);
}

TEST(worthwhile_shortcut, is_not_made_for_a_while_after_it_led_nowhere) {
  cued::persistence::worthwhile_try plain;
  EXPECT_TRUE(plain.now());
  plain.came_to(2, 4);
  EXPECT_TRUE(plain.now());
  plain.came_to(1, 4);
  int rests = 0;
  while (!plain.now())
    ++rests;
  EXPECT_EQ(rests, 32);
}

TEST_F(outcome_store, judges_every_cell_of_the_verification_table_as_the_domain_does) {
  int n = 0;
  for (const auto* mode :
       {"NULL", "'none'", "'manual'", "'require_external_id'", "'require_result_url'", "'require_artifacts'"})
    for (const bool success : {false, true})
      for (const int given : {0, 1, 2, 3, 4, 5, 6, 7}) {
        ++n;
        const auto cue = "cue_" + std::to_string(n);
        add_worker_cue(cue, "{}", {{"verification_mode", mode}});
        auto r = report_on(add_execution(n, cue), success);
        const evidence_given evidence{(given & 1) != 0, (given & 2) != 0, (given & 4) != 0};
        if (evidence.external_id)
          r.external_id = "x";
        if (evidence.result_url)
          r.result_url = "https://example.com/";
        if (evidence.artifacts)
          r.artifacts_json = "[1]";
        const std::string text = mode;
        const auto parsed =
            text == "NULL" ? verification_mode::none : verification_mode_from(text.substr(1, text.size() - 2));
        const auto expected = judge_outcome(success, parsed, evidence);
        EXPECT_EQ(record(r).outcome_state, to_text(expected.state)) << mode << ' ' << success << ' ' << given;
        const std::string validity = !expected.evidence_valid ? "" : *expected.evidence_valid ? "valid" : "invalid";
        EXPECT_EQ(column(n, "coalesce(evidence_validation_state, '')"), validity) << mode << ' ' << success;
      }
}

// -- webhook attempts -----------------------------------------------------------

class attempt_store : public outcome_store {
protected:
  attempt_result attempt(int n, int number, attempt_result::verdict what) {
    attempt_result a;
    a.execution_id = execution_id(n);
    a.attempt = number;
    a.what = what;
    a.http_status = what == attempt_result::verdict::success ? 200 : 500;
    if (what != attempt_result::verdict::success)
      a.error_message = "Webhook endpoint returned server error (500)";
    if (what == attempt_result::verdict::retry)
      a.next_retry = now_ + std::chrono::minutes{1};
    return a;
  }
  std::size_t record(const attempt_result& a) { return store_.record_attempts({a}, now_).value().size(); }
};

TEST_F(attempt_store, a_success_ends_the_execution_counts_for_the_cue_and_for_the_month) {
  add_cue("cue_1");
  add_execution(1, "cue_1", {{"status", "'delivering'"}});
  EXPECT_EQ(record(attempt(1, 1, attempt_result::verdict::success)), 1u);
  EXPECT_EQ(column(1, "status"), "success");
  EXPECT_EQ(column(1, "attempts"), "1");
  EXPECT_EQ(column(1, "http_status"), "200");
  EXPECT_EQ(runs_of("cue_1"), 1);
  EXPECT_EQ(last_run_of("cue_1"), now_);
  EXPECT_EQ(database_.value("SELECT month_start || ' ' || execution_count FROM usage_monthly"), "2026-11-01 1");
}

TEST_F(attempt_store, a_failure_with_attempts_left_waits_for_its_retry_and_is_not_counted_as_usage) {
  add_cue("cue_1");
  add_execution(1, "cue_1", {{"status", "'delivering'"}});
  record(attempt(1, 1, attempt_result::verdict::retry));
  EXPECT_EQ(column(1, "status"), "retrying");
  EXPECT_EQ(column(1, "next_retry"), "2026-11-24 13:01:00+00");
  EXPECT_EQ(column(1, "error_message"), "Webhook endpoint returned server error (500)");
  EXPECT_EQ(runs_of("cue_1"), 1);
  EXPECT_EQ(last_run_of("cue_1"), std::nullopt);
  EXPECT_EQ(database_.value("SELECT count(*) FROM usage_monthly"), "0");
}

TEST_F(attempt_store, the_last_failure_fails_a_one_time_cue_and_pauses_a_recurring_one_that_wants_it) {
  add_cue("cue_once", {{"schedule_type", "'once'"}});
  add_cue("cue_pause", {{"on_failure", "'{\"email\": true, \"webhook\": null, \"pause\": true}'"},
                        {"next_run", "timestamptz '2099-01-01'"}});
  add_cue("cue_plain", {{"next_run", "timestamptz '2099-01-01'"}});
  int n = 0;
  for (const auto* cue : {"cue_once", "cue_pause", "cue_plain"}) {
    add_execution(++n, cue, {{"status", "'delivering'"}, {"attempts", "2"}});
    record(attempt(n, 3, attempt_result::verdict::failed));
    EXPECT_EQ(column(n, "status"), "failed");
  }
  EXPECT_EQ(cue_column("cue_once", "status"), "failed");
  EXPECT_EQ(cue_column("cue_pause", "status"), "paused");
  EXPECT_EQ(cue_column("cue_pause", "next_run IS NULL"), "t");
  EXPECT_EQ(cue_column("cue_plain", "status"), "active");
  EXPECT_EQ(cue_column("cue_plain", "next_run IS NULL"), "f");
}

TEST_F(attempt_store, a_success_completes_a_one_time_cue) {
  add_cue("cue_once", {{"schedule_type", "'once'"}});
  add_execution(1, "cue_once", {{"status", "'delivering'"}});
  record(attempt(1, 1, attempt_result::verdict::success));
  EXPECT_EQ(cue_column("cue_once", "status"), "completed");
}

TEST_F(attempt_store, a_late_result_of_an_older_attempt_changes_nothing) {
  add_cue("cue_1");
  add_execution(1, "cue_1", {{"status", "'delivering'"}, {"attempts", "1"}});
  EXPECT_EQ(record(attempt(1, 1, attempt_result::verdict::success)), 0u);
  EXPECT_EQ(column(1, "status"), "delivering");
  EXPECT_EQ(cue_column("cue_1", "run_count"), "0");
}

TEST_F(attempt_store, a_result_for_what_is_not_being_delivered_changes_nothing) {
  add_cue("cue_1");
  for (const auto* status : {"pending", "retrying", "retry_ready", "success", "failed", "missed"}) {
    database_.exec("DELETE FROM executions");
    add_execution(1, "cue_1", {{"status", quoted(status)}});
    EXPECT_EQ(record(attempt(1, 1, attempt_result::verdict::success)), 0u) << status;
    EXPECT_EQ(column(1, "status"), status);
  }
}

TEST_F(attempt_store, several_executions_of_one_cue_are_counted_together) {
  add_cue("cue_1");
  std::vector<attempt_result> batch;
  for (int n = 1; n <= 5; ++n) {
    add_execution(n, "cue_1", {{"status", "'delivering'"}});
    batch.push_back(attempt(n, 1, attempt_result::verdict::success));
  }
  EXPECT_EQ(store_.record_attempts(batch, now_).value().size(), 5u);
  EXPECT_EQ(runs_of("cue_1"), 5);
  EXPECT_EQ(database_.value("SELECT execution_count FROM usage_monthly"), "5");
}

TEST_F(attempt_store, a_batch_of_all_kinds_records_each_as_it_would_be_alone) {
  add_cue("cue_plain");
  add_cue("cue_once", {{"schedule_type", "'once'"}});
  add_cue("cue_line", {{"overlap_policy", "'queue_one'"}});
  add_cue("cue_deadline", {{"outcome_deadline_seconds", "90"}});
  int n = 0;
  std::vector<attempt_result> batch;
  const auto add = [&](const char* cue, attempt_result::verdict what, const columns& given = {}) {
    auto all = given;
    all.emplace("status", "'delivering'");
    add_execution(++n, cue, all);
    batch.push_back(attempt(n, 1, what));
  };
  for (const auto* cue : {"cue_plain", "cue_once", "cue_line", "cue_deadline"})
    add(cue, attempt_result::verdict::success);
  add("cue_plain", attempt_result::verdict::retry);
  add("cue_plain", attempt_result::verdict::failed);
  add("cue_plain", attempt_result::verdict::success, {{"outcome_deadline_at", "timestamptz '2099-01-01'"}});
  add("cue_plain", attempt_result::verdict::success, {{"attempts", "1"}}); // too late
  add_execution(20, "cue_line", {{"scheduled_for", "timestamptz '2026-11-24 15:00:00+00'"}});
  batch[0].response_body = "ok";
  const auto answers = store_.record_attempts(batch, now_).value();
  std::map<std::string, persistence::recorded_attempt> of;
  for (const auto& a : answers)
    of.emplace(a.execution_id, a);
  ASSERT_EQ(of.size(), 7u);
  for (const int delivered : {1, 2, 3, 4, 7}) {
    EXPECT_TRUE(of.at(execution_id(delivered)).delivered) << delivered;
    EXPECT_EQ(column(delivered, "status"), "success") << delivered;
    EXPECT_EQ(of.at(execution_id(delivered)).user_id, ada);
  }
  EXPECT_EQ(
      column(1, "response_body || ' ' || http_status || ' ' || attempts || ' ' || (delivered_at = last_attempt_at)"),
      "ok 200 1 true");
  EXPECT_EQ(cue_column("cue_once", "status"), "completed");
  EXPECT_TRUE(of.at(execution_id(3)).next_in_line);
  EXPECT_EQ(of.at(execution_id(4)).outcome_deadline_at, now_ + std::chrono::seconds{90});
  EXPECT_FALSE(of.at(execution_id(5)).delivered);
  EXPECT_EQ(column(5, "status") + ' ' + column(6, "status") + ' ' + column(8, "status"), "retrying failed delivering");
  EXPECT_EQ(runs_of("cue_plain"), 4);
  EXPECT_EQ(last_run_of("cue_plain"), now_);
  EXPECT_EQ(runs_of("cue_once"), 1);
  EXPECT_EQ(database_.value("SELECT execution_count FROM usage_monthly"), "5");
  EXPECT_EQ(database_.value(
                "SELECT string_agg(right(execution_id::text, 2), ' ' ORDER BY execution_id) FROM cued.open_executions"),
            "04 05 07 08 20")
      << "awaited, retried, awaited, not ended, waiting";
  EXPECT_TRUE(store_.record_attempts(batch, now_).value().empty()) << "nothing counts twice";
  EXPECT_EQ(runs_of("cue_plain"), 4);
}

TEST_F(attempt_store, what_was_recorded_before_the_database_failed_is_not_counted_again) {
  add_cue("cue_1");
  for (int n = 1; n <= 2; ++n)
    add_execution(n, "cue_1", {{"status", "'delivering'"}});
  const std::vector<attempt_result> batch{attempt(1, 1, attempt_result::verdict::success),
                                          attempt(2, 1, attempt_result::verdict::failed)};
  database_.exec("ALTER TABLE cued.notices RENAME TO notices_away");
  EXPECT_FALSE(store_.record_attempts(batch, now_).has_value());
  EXPECT_EQ(column(2, "status"), "delivering");
  database_.exec("ALTER TABLE cued.notices_away RENAME TO notices");
  const auto again = store_.record_attempts(batch, now_).value();
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].execution_id, execution_id(2));
  EXPECT_EQ(runs_of("cue_1"), 2);
}

TEST_F(attempt_store, the_last_run_does_not_hide_runs_that_were_journalled_long_before_it) {
  add_cue("cue_1");
  for (int n = 1; n <= 3; ++n)
    add_execution(n, "cue_1", {{"status", "'delivering'"}});
  ASSERT_TRUE(store_.record_attempts({attempt(1, 1, attempt_result::verdict::success)}, now_));
  const auto later = now_ + std::chrono::minutes{10};
  ASSERT_TRUE(store_.record_attempts({attempt(2, 1, attempt_result::verdict::failed)}, later));
  ASSERT_TRUE(store_.record_attempts({attempt(3, 1, attempt_result::verdict::retry)}, later));
  EXPECT_EQ(runs_of("cue_1"), 3);
  EXPECT_EQ(last_run_of("cue_1"), later);
}

TEST_F(attempt_store, the_count_of_the_month_is_answered_with_successes_only) {
  add_cue("cue_1");
  for (int n = 1; n <= 3; ++n)
    add_execution(n, "cue_1", {{"status", "'delivering'"}});
  ASSERT_EQ(record(attempt(1, 1, attempt_result::verdict::success)), 1u);
  const auto recorded =
      store_
          .record_attempts(
              {attempt(2, 1, attempt_result::verdict::success), attempt(3, 1, attempt_result::verdict::retry)}, now_)
          .value();
  ASSERT_EQ(recorded.size(), 2u);
  for (const auto& r : recorded)
    EXPECT_EQ(r.executions_of_month, r.delivered ? std::optional<std::int64_t>{2} : std::nullopt);
}

} // namespace
} // namespace cued::test
