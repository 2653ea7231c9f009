#include "persistence/alert_rows.hpp"

#include <thread>

#include <gmock/gmock.h>

#include "persistence/deadline_store.hpp"
#include "persistence/outcome_store.hpp"
#include "tests/persistence/execution_rows.hpp"

namespace cued::test {
namespace {

using persistence::attempt_result;

/// What recording outcomes and attempts leaves behind for people.
class told : public execution_test {
protected:
  void want_alerts(const std::string& user = ada) {
    database_.exec("UPDATE users SET alert_webhook_url = 'https://example.com/alerts', alert_webhook_secret = 'key' "
                   "WHERE id = " +
                   quoted(user));
  }

  /// Execution number `n` of the cue ends with its handler's report.
  void report(int n, const std::string& cue, bool success = false) {
    add_execution(n, cue, {{"status", "'delivering'"}});
    persistence::reported_outcome r;
    r.user_id = ada;
    r.execution_id = execution_id(n);
    r.success = success;
    at_ += std::chrono::microseconds{1};
    EXPECT_TRUE(outcomes_.record_outcomes({r}, at_));
  }

  void fail_delivery(int n, bool lost = false) {
    attempt_result a;
    a.execution_id = execution_id(n);
    a.attempt = 3;
    a.what = attempt_result::verdict::failed;
    a.http_status = 500;
    a.error_message = "Webhook endpoint returned server error (500)";
    a.lost = lost;
    EXPECT_EQ(outcomes_.record_attempts({a}, now_).value().size(), 1u);
  }

  std::string alerts(const std::string& type = "consecutive_failures") {
    return database_.value("SELECT count(*) FROM alerts WHERE alert_type = " + quoted(type));
  }
  std::string notice(const std::string& kind, const std::string& what) {
    return database_.value("SELECT " + what + " FROM cued.notices WHERE kind = " + quoted(kind));
  }

  persistence::postgres_outcome_store outcomes_{database_.options()};
  instant at_ = now_;
};

TEST_F(told, two_failures_in_a_row_are_no_news_the_third_is_one_alert_and_the_fourth_none) {
  add_worker_cue("cue_1");
  report(1, "cue_1");
  report(2, "cue_1");
  EXPECT_EQ(alerts(), "0");
  report(3, "cue_1");
  EXPECT_EQ(alerts(), "1");
  report(4, "cue_1");
  EXPECT_EQ(alerts(), "1") << "the cue was told of within the last 300 s";
  EXPECT_EQ(database_.value("SELECT severity || ' ' || cue_id || ' ' || execution_id || ' ' || metadata FROM alerts"),
            "warning cue_1 " + execution_id(3) + R"( {"consecutive_failures": 3})");
}

TEST_F(told, after_300_s_a_cue_that_still_fails_is_told_of_again_and_more_than_eight_are_not_counted) {
  add_worker_cue("cue_1");
  for (int n = 1; n <= 9; ++n)
    report(n, "cue_1");
  EXPECT_EQ(alerts(), "1");
  database_.exec("UPDATE alerts SET created_at = now() - interval '301 seconds'");
  report(10, "cue_1");
  EXPECT_EQ(database_.value("SELECT metadata FROM alerts ORDER BY created_at DESC"), R"({"consecutive_failures": 8})");
}

TEST_F(told, a_success_ends_the_streak) {
  add_worker_cue("cue_1");
  for (const auto& [n, success] : {std::pair{1, false}, {2, false}, {3, true}, {4, false}, {5, false}})
    report(n, "cue_1", success);
  EXPECT_EQ(alerts(), "0");
}

TEST_F(told, each_cue_has_its_own_streak) {
  for (const auto* cue : {"cue_1", "cue_2", "cue_3"})
    add_worker_cue(cue);
  for (int n = 1; n <= 3; ++n) {
    report(10 + n, "cue_1");
    report(20 + n, "cue_2");
  }
  report(31, "cue_3");
  EXPECT_EQ(alerts(), "2");
}

TEST_F(told, the_streak_goes_by_when_executions_were_made_not_by_when_they_were_reported) {
  add_worker_cue("cue_1");
  report(9, "cue_1", true);
  for (int n = 1; n <= 4; ++n)
    report(n, "cue_1");
  EXPECT_EQ(alerts(), "0");
}

TEST_F(told, reported_failures_of_webhooks_count_though_they_were_delivered) {
  add_cue("cue_1");
  for (int n = 1; n <= 3; ++n)
    report(n, "cue_1");
  EXPECT_EQ(alerts(), "1");
}

TEST_F(told, three_failures_in_one_batch_are_one_alert) {
  add_worker_cue("cue_1");
  std::vector<persistence::reported_outcome> batch(3);
  for (int n = 1; n <= 3; ++n) {
    batch[n - 1].user_id = ada;
    batch[n - 1].execution_id = add_execution(n, "cue_1");
  }
  ASSERT_TRUE(outcomes_.record_outcomes(batch, now_));
  EXPECT_EQ(alerts(), "1");
}

TEST_F(told, failures_reported_at_the_same_time_through_several_connections_are_counted_together) {
  for (int round = 1; round <= 5; ++round) {
    const auto cue = "cue_" + std::to_string(round);
    add_cue(cue); // a webhook cue: reports lock no row that they share
    std::vector<std::thread> reporters;
    for (int n = 1; n <= 3; ++n) {
      persistence::reported_outcome r;
      r.user_id = ada;
      r.execution_id = add_execution(10 * round + n, cue);
      reporters.emplace_back([this, r] {
        persistence::postgres_outcome_store store{database_.options()};
        EXPECT_TRUE(store.record_outcomes({r}, now_));
      });
    }
    for (auto& reporter : reporters)
      reporter.join();
    EXPECT_EQ(database_.value("SELECT count(*) FROM alerts WHERE cue_id = " + quoted(cue)), "1");
  }
}

TEST_F(told, a_batch_that_is_repeated_because_its_commit_was_in_doubt_tells_nothing_twice) {
  add_worker_cue("cue_1", "{}", {{"verification_mode", "'require_external_id'"}});
  persistence::reported_outcome r;
  r.user_id = ada;
  r.execution_id = add_execution(1, "cue_1");
  r.success = true;
  for (int i = 0; i < 2; ++i) {
    const auto answer = outcomes_.record_outcomes({r}, now_).value();
    EXPECT_EQ(answer[0].what, persistence::recorded_outcome::verdict::recorded);
  }
  EXPECT_EQ(alerts("verification_failed"), "1");
}

TEST_F(told, a_repeated_or_foreign_report_tells_nothing) {
  add_worker_cue("cue_1");
  report(1, "cue_1");
  report(2, "cue_1");
  persistence::reported_outcome again;
  again.user_id = ada;
  again.execution_id = execution_id(2);
  persistence::reported_outcome foreign = again;
  foreign.user_id = bob;
  foreign.execution_id = add_execution(3, "cue_1");
  ASSERT_TRUE(outcomes_.record_outcomes({again, foreign}, at_ + std::chrono::seconds{1}));
  EXPECT_EQ(alerts(), "0");
}

TEST_F(told, missing_evidence_is_an_alert_of_its_own_execution) {
  want_alerts();
  add_worker_cue("cue_1", "{}", {{"verification_mode", "'require_external_id'"}});
  add_cue("cue_2", {{"verification_mode", "'require_artifacts'"}});
  report(1, "cue_1", true);
  report(2, "cue_2", true);
  EXPECT_EQ(alerts("verification_failed"), "2");
  EXPECT_EQ(database_.value("SELECT metadata FROM alerts WHERE cue_id = 'cue_1'"),
            R"({"transport": "worker", "outcome_state": "verification_failed"})");
  EXPECT_EQ(database_.value("SELECT metadata ->> 'transport' FROM alerts WHERE cue_id = 'cue_2'"), "webhook");
  EXPECT_EQ(database_.value("SELECT count(*) FROM cued.notices n JOIN alerts a ON a.id = n.alert_id"), "2");
}

TEST_F(told, an_alert_has_a_notice_only_if_its_owner_has_url_and_secret) {
  add_worker_cue("cue_1", "{}", {{"verification_mode", "'require_external_id'"}});
  report(1, "cue_1", true);
  database_.exec("UPDATE users SET alert_webhook_url = 'https://example.com/alerts'");
  report(2, "cue_1", true);
  database_.exec("UPDATE users SET alert_webhook_secret = ''");
  report(3, "cue_1", true);
  EXPECT_EQ(alerts("verification_failed"), "3");
  EXPECT_EQ(database_.value("SELECT count(*) FROM cued.notices"), "0");
  want_alerts();
  report(4, "cue_1", true);
  EXPECT_EQ(notice("alert", "status || ' ' || attempts"), "pending 0");
  EXPECT_EQ(notice("alert", "(SELECT string_agg(k, ' ' ORDER BY k) FROM jsonb_object_keys(content) AS k)"),
            "alert_id alert_type created_at cue_id execution_id message metadata severity");
  EXPECT_EQ(notice("alert", "content ->> 'execution_id'"), execution_id(4));
  EXPECT_THAT(notice("alert", "content ->> 'created_at'"), testing::EndsWith("+00:00"));
}

TEST_F(told, alerts_are_deduplicated_by_what_they_are_about) {
  const auto write = [&](std::vector<persistence::new_alert> wanted) {
    return link_
        .in_transaction(
            [&](persistence::session& s) -> result<std::size_t> { return persistence::write_alerts(s, wanted); })
        .value();
  };
  persistence::new_alert timeout{ada, "cue_1", execution_id(1), "outcome_timeout", "warning", "late", "{}"};
  EXPECT_EQ(write({timeout, timeout}), 1u);
  EXPECT_EQ(write({timeout}), 0u);
  auto other = timeout;
  other.execution_id = execution_id(2);
  EXPECT_EQ(write({other}), 1u) << "another execution of the same cue";
  other.user_id = bob;
  EXPECT_EQ(write({other}), 1u) << "another user";
  persistence::new_alert about_nothing{ada, {}, {}, "worker_offline", "warning", "gone", "{}"};
  EXPECT_EQ(write({about_nothing, about_nothing}), 2u);
  EXPECT_EQ(write({}), 0u);
}

TEST_F(told, an_alert_of_a_transaction_that_fails_is_not_written) {
  const auto failed = link_.in_transaction([&](persistence::session& s) -> result<std::size_t> {
    persistence::write_alerts(s, {{ada, "cue_1", execution_id(1), "outcome_timeout", "warning", "late", "{}"}});
    return fail(500, "internal_error", "no");
  });
  EXPECT_FALSE(failed);
  EXPECT_EQ(alerts("outcome_timeout"), "0");
}

TEST_F(told, a_delivery_that_fails_for_good_leaves_a_letter_and_the_webhook_its_cue_asks_for) {
  add_cue("cue_1", {{"on_failure", R"('{"email": true, "webhook": "https://example.com/told", "pause": false}')"}});
  add_execution(1, "cue_1", {{"status", "'delivering'"}, {"attempts", "2"}});
  fail_delivery(1);
  EXPECT_EQ(notice("escalation", "content - 'failed_at'"),
            R"x({"url": "https://example.com/told", "attempts": 3, "cue_name": "name of cue_1", )x"
            R"x("last_error": "Webhook endpoint returned server error (500)", "last_http_status": 500})x");
  EXPECT_EQ(notice("escalation", "cue_id || ' ' || execution_id || ' ' || user_id"),
            "cue_1 " + execution_id(1) + " " + ada);
  EXPECT_EQ(notice("mail", "content ->> 'letter'"), "execution_failed");
  EXPECT_EQ(alerts(), "0") << "a delivery that fails is no alert";
}

TEST_F(told, a_lost_delivery_is_told_without_attempts_and_status) {
  add_cue("cue_1", {{"on_failure", R"('{"webhook": "https://example.com/told"}')"}});
  add_execution(1, "cue_1", {{"status", "'delivering'"}, {"attempts", "2"}});
  fail_delivery(1, true);
  EXPECT_EQ(notice("escalation", "content ->> 'attempts'"), "0");
  EXPECT_EQ(notice("escalation", "content -> 'last_http_status'"), "null");
}

TEST_F(told, on_failure_decides_who_is_told_and_its_absence_means_a_letter) {
  int n = 0;
  for (const auto& [on_failure, kinds] : {std::pair{"NULL", "mail"},
                                          {"'null'", "mail"},
                                          {"'{}'", "mail"},
                                          {R"('{"email": null}')", "mail"},
                                          {R"('{"email": false, "webhook": null}')", ""},
                                          {R"('{"email": false, "webhook": ""}')", ""},
                                          {R"('{"email": false, "webhook": "https://a.example"}')", "escalation"}}) {
    const auto cue = "cue_" + std::to_string(++n);
    add_cue(cue, {{"on_failure", on_failure}});
    add_execution(n, cue, {{"status", "'delivering'"}, {"attempts", "2"}});
    fail_delivery(n);
    EXPECT_EQ(database_.value("SELECT string_agg(kind, ' ') FROM cued.notices WHERE cue_id = " + quoted(cue)), kinds)
        << on_failure;
  }
}

TEST_F(told, a_retry_and_an_overtaken_failure_tell_nobody) {
  add_cue("cue_1");
  add_execution(1, "cue_1", {{"status", "'delivering'"}});
  add_execution(2, "cue_1", {{"status", "'success'"}});
  attempt_result retry;
  retry.execution_id = execution_id(1);
  retry.what = attempt_result::verdict::retry;
  retry.next_retry = now_;
  attempt_result late;
  late.execution_id = execution_id(2);
  ASSERT_TRUE(outcomes_.record_attempts({retry, late}, now_));
  EXPECT_EQ(database_.value("SELECT count(*) FROM cued.notices"), "0");
}

TEST_F(told, a_run_that_nobody_claimed_is_told_like_a_failure) {
  add_worker_cue("cue_1", "{}", {{"on_failure", R"('{"webhook": "https://example.com/told"}')"}});
  add_execution(1, "cue_1");
  persistence::postgres_deadline_store deadlines{database_.options(), {}};
  EXPECT_EQ(deadlines.miss_unclaimed(now_).value(), 1u);
  EXPECT_EQ(notice("escalation", "content ->> 'last_error'"), "No worker claimed this execution within timeout window");
  EXPECT_EQ(notice("escalation", "content ->> 'attempts'"), "0");
  EXPECT_EQ(database_.value("SELECT count(*) FROM cued.notices"), "2");
}

} // namespace
} // namespace cued::test
