#include "persistence/deadline_store.hpp"

#include <gmock/gmock.h>

#include "tests/persistence/execution_rows.hpp"

namespace cued::test {
namespace {

class deadline_store : public execution_test {
protected:
  void add_worker(const std::string& worker, const std::string& last_heartbeat) {
    database_.exec("INSERT INTO workers (id, user_id, worker_id, last_heartbeat, created_at) VALUES "
                   "(gen_random_uuid(), " +
                   quoted(ada) + ", " + quoted(worker) + ", timestamptz " + quoted(last_heartbeat) + ", now())");
  }
  std::string cue_column(const std::string& id, const std::string& name) {
    return database_.value("SELECT " + name + " FROM cues WHERE id = " + quoted(id));
  }

  persistence::postgres_deadline_store store_{database_.options(), persistence::deadline_limits{}};
};

TEST_F(deadline_store, a_due_retry_becomes_ready_together_with_its_outbox_row) {
  add_cue("cue_1");
  add_execution(1, "cue_1", {{"status", "'retrying'"}, {"next_retry", "timestamptz '2026-11-24 12:59:59+00'"}});
  add_execution(2, "cue_1", {{"status", "'retrying'"}, {"next_retry", "timestamptz '2026-11-24 13:00:01+00'"}});
  const auto due = store_.ready_retries(now_).value();
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(due[0].execution_id, execution_id(1));
  EXPECT_EQ(due[0].user_id, ada);
  EXPECT_EQ(column(1, "status"), "retry_ready");
  EXPECT_EQ(column(2, "status"), "retrying");
  EXPECT_EQ(database_.value("SELECT task_type || ' ' || dispatched || ' ' || (payload ->> 'execution_id') "
                            "FROM dispatch_outbox"),
            "retry false " + execution_id(1));
  EXPECT_EQ(store_.next_retry_before(now_, now_ + std::chrono::minutes{1}).value(), now_ + std::chrono::seconds{1});
}

TEST_F(deadline_store, undispatched_rows_are_found_when_they_are_due) {
  add_cue("cue_1");
  for (const auto& [n, at] : {std::pair{1, "NULL"},
                              {2, "timestamptz '2026-11-24 12:00:00+00'"},
                              {3, "timestamptz '2026-11-24 14:00:00+00'"}}) {
    add_execution(n, "cue_1", {{"backfilled", n == 2 ? "true" : "NULL"}});
    database_.exec("INSERT INTO dispatch_outbox (execution_id, cue_id, task_type, payload, dispatched, "
                   "dispatch_attempts, scheduled_at, created_at) VALUES (" +
                   quoted(execution_id(n)) + ", 'cue_1', 'deliver', '{}', false, 0, " + at + ", now())");
  }
  std::vector<std::string> found;
  const auto rows = store_.undispatched(now_).value();
  for (const auto& d : rows) {
    found.push_back(d.execution_id);
    EXPECT_EQ(d.backfilled, d.execution_id == execution_id(2));
  }
  EXPECT_THAT(found, testing::UnorderedElementsAre(execution_id(1), execution_id(2)));
}

TEST_F(deadline_store, an_execution_whose_queue_was_lost_is_found_again) {
  add_cue("cue_1");
  add_worker_cue("cue_worker");
  add_execution(1, "cue_1");
  add_execution(2, "cue_1", {{"status", "'retry_ready'"}});
  add_execution(3, "cue_worker");
  add_execution(4, "cue_1", {{"status", "'success'"}});
  database_.exec("INSERT INTO dispatch_outbox (execution_id, cue_id, task_type, payload, dispatched, "
                 "dispatch_attempts, created_at) VALUES (" +
                 quoted(execution_id(1)) + ", 'cue_1', 'deliver', '{}', true, 0, now())");
  std::vector<std::string> found;
  const auto rows = store_.forgotten(now_).value();
  for (const auto& d : rows)
    found.push_back(d.execution_id);
  EXPECT_THAT(found, testing::UnorderedElementsAre(execution_id(1), execution_id(2)));
}

TEST_F(deadline_store, a_silent_delivery_is_stale_but_a_workers_claim_never_is) {
  add_cue("cue_1");
  add_worker_cue("cue_worker");
  add_execution(1, "cue_1", {{"status", "'delivering'"}, {"attempts", "1"}});
  add_execution(2, "cue_1", {{"status", "'delivering'"}, {"updated_at", "now()"}});
  add_execution(3, "cue_worker", {{"status", "'delivering'"}});
  const auto stale = store_.stale_deliveries(now_).value();
  ASSERT_EQ(stale.size(), 1u);
  EXPECT_EQ(stale[0].execution_id, execution_id(1));
  EXPECT_EQ(stale[0].attempts, 1);
  EXPECT_EQ(stale[0].retry_max_attempts, 3);
}

TEST_F(deadline_store, a_stale_delivery_is_retried_by_the_finer_rules_of_its_cue) {
  add_cue("cue_1", {{"retry_backoff_seconds", "'[5]'"}, {"retry_jitter_percent", "20"}});
  add_execution(1, "cue_1", {{"status", "'delivering'"}});
  const auto stale = store_.stale_deliveries(now_).value();
  ASSERT_EQ(stale.size(), 1u);
  EXPECT_EQ(stale[0].retry_backoff_seconds_json, "[5]");
  EXPECT_EQ(stale[0].retry_jitter_percent, 20);
}

TEST_F(deadline_store, a_claim_is_given_back_only_when_lease_and_worker_are_both_silent) {
  add_worker_cue("cue_1");
  add_worker("alive", "2026-11-24 12:59:00+00");
  add_worker("dead", "2026-11-24 12:00:00+00");
  const auto claimed = [&](int n, const std::string& worker, const std::string& at, const std::string& beat = "NULL") {
    add_execution(n, "cue_1",
                  {{"status", "'delivering'"},
                   {"claimed_by_worker", quoted(worker)},
                   {"claimed_at", "timestamptz " + quoted(at)},
                   {"last_heartbeat_at", beat}});
  };
  claimed(1, "dead", "2026-11-24 12:00:00+00");
  claimed(2, "alive", "2026-11-24 12:00:00+00");
  claimed(3, "dead", "2026-11-24 12:55:00+00");
  claimed(4, "dead", "2026-11-24 12:00:00+00", "timestamptz '2026-11-24 12:59:00+00'");
  claimed(5, "deleted", "2026-11-24 12:00:00+00");
  std::vector<std::string> returned;
  const auto rows = store_.return_lost_claims(now_).value();
  for (const auto& r : rows)
    returned.push_back(r.execution_id);
  EXPECT_THAT(returned, testing::UnorderedElementsAre(execution_id(1), execution_id(5)));
  EXPECT_EQ(column(1, "status || coalesce(claimed_by_worker, ' nobody')"), "pending nobody");
  EXPECT_EQ(column(1, "error_message"), "Reset: worker heartbeat stale and claim lease expired");
  EXPECT_EQ(column(2, "status"), "delivering");
}

TEST_F(deadline_store, worker_rows_that_the_webhook_path_had_got_hold_of_become_claimable_again) {
  add_worker_cue("cue_1");
  add_execution(1, "cue_1", {{"status", "'retry_ready'"}, {"claimed_by_worker", "'w'"}});
  add_execution(2, "cue_1", {{"status", "'retrying'"}, {"next_retry", "now()"}});
  EXPECT_EQ(store_.return_lost_claims(now_).value().size(), 2u);
  EXPECT_EQ(column(1, "status"), "pending");
  EXPECT_EQ(column(2, "next_retry IS NULL"), "t");
}

TEST_F(deadline_store, what_nobody_claimed_is_missed_with_its_consequences) {
  add_worker_cue("cue_once", "{}", {{"schedule_type", "'once'"}});
  add_worker_cue("cue_pause", "{}", {{"on_failure", "'{\"pause\": true}'"}, {"next_run", "now()"}});
  add_worker_cue("cue_plain", "{}", {{"next_run", "now()"}});
  add_execution(1, "cue_once");
  add_execution(2, "cue_pause");
  add_execution(3, "cue_plain");
  EXPECT_EQ(store_.miss_unclaimed(now_).value(), 3u);
  EXPECT_EQ(column(1, "status"), "missed");
  EXPECT_EQ(column(1, "error_message"), "No worker claimed this execution within timeout window");
  EXPECT_EQ(cue_column("cue_once", "status"), "failed");
  EXPECT_EQ(cue_column("cue_pause", "status"), "paused");
  EXPECT_EQ(cue_column("cue_plain", "status"), "active");
}

TEST_F(deadline_store, time_to_claim_counts_from_when_it_was_possible) {
  add_worker_cue("cue_1");
  add_execution(1, "cue_1", {{"scheduled_for", "timestamptz '2026-11-24 12:55:00+00'"}});
  add_execution(2, "cue_1",
                {{"updated_at", "timestamptz '2026-11-24 12:55:00+00'"},
                 {"error_message", "'Reset: worker heartbeat stale and claim lease expired'"}});
  add_execution(3, "cue_1", {{"updated_at", "timestamptz '2026-11-24 12:55:00+00'"}});
  EXPECT_EQ(store_.miss_unclaimed(now_).value(), 1u);
  EXPECT_EQ(column(1, "status"), "pending") << "due five minutes ago";
  EXPECT_EQ(column(2, "status"), "pending") << "given back five minutes ago";
  EXPECT_EQ(column(3, "status"), "missed");
}

TEST_F(deadline_store, clean_up_removes_only_what_was_dispatched_and_is_old) {
  add_cue("cue_1");
  add_execution(1, "cue_1");
  for (const auto* row :
       {"true, timestamptz '2026-11-01'", "false, timestamptz '2026-11-01'", "true, timestamptz '2026-11-23'"})
    database_.exec("INSERT INTO dispatch_outbox (execution_id, cue_id, task_type, payload, dispatch_attempts, "
                   "dispatched, created_at) VALUES (" +
                   quoted(execution_id(1)) + ", 'cue_1', 'deliver', '{}', 0, " + row + ")");
  EXPECT_EQ(store_.clean_up(now_).value(), 1u);
  EXPECT_EQ(database_.value("SELECT count(*) FROM dispatch_outbox"), "2");
}

TEST_F(deadline_store, history_is_kept_for_ever_unless_told_otherwise) {
  add_cue("cue_1");
  add_execution(1, "cue_1", {{"status", "'success'"}, {"created_at", "timestamptz '2020-01-01'"}});
  ASSERT_TRUE(store_.clean_up(now_));
  EXPECT_EQ(database_.value("SELECT count(*) FROM executions"), "1");
}

TEST_F(deadline_store, retention_deletes_what_is_finished_and_old_with_its_outbox_rows) {
  add_cue("cue_1");
  add_execution(1, "cue_1", {{"status", "'success'"}, {"created_at", "timestamptz '2026-10-01'"}});
  add_execution(2, "cue_1", {{"status", "'success'"}, {"created_at", "timestamptz '2026-11-23'"}});
  int n = 2;
  for (const auto* status : {"pending", "delivering", "retrying", "retry_ready"})
    add_execution(++n, "cue_1", {{"status", quoted(status)}, {"created_at", "timestamptz '2026-10-01'"}});
  database_.exec("INSERT INTO dispatch_outbox (execution_id, cue_id, task_type, payload, dispatched, "
                 "dispatch_attempts, created_at) VALUES (" +
                 quoted(execution_id(1)) + ", 'cue_1', 'deliver', '{}', true, 0, now())");
  persistence::deadline_limits limits;
  limits.execution_retention_days = 30;
  persistence::postgres_deadline_store store{database_.options(), limits};
  ASSERT_TRUE(store.clean_up(now_));
  EXPECT_EQ(database_.value("SELECT count(*) FROM executions WHERE id = " + quoted(execution_id(1))), "0");
  EXPECT_EQ(database_.value("SELECT count(*) FROM executions"), "5");
  EXPECT_EQ(database_.value("SELECT count(*) FROM dispatch_outbox"), "0");
}

TEST_F(deadline_store, the_audit_log_is_kept_for_its_time_or_for_ever) {
  const auto act = [&](int days_ago) {
    database_.exec("INSERT INTO cued.audit_log (user_id, occurred_at, action, actor) VALUES ('" + ada + "', '" +
                   persistence::write_instant(now_ - std::chrono::days{days_ago}) + "', 'key_revealed', 'session')");
  };
  database_.exec("DELETE FROM cued.audit_log");
  act(364);
  act(366);
  persistence::deadline_limits limits;
  limits.audit_retention_days = 0;
  persistence::postgres_deadline_store keeping{database_.options(), limits};
  ASSERT_TRUE(keeping.clean_up(now_));
  EXPECT_EQ(database_.value("SELECT count(*) FROM cued.audit_log"), "2");
  ASSERT_TRUE(store_.clean_up(now_));
  EXPECT_EQ(database_.value("SELECT count(*) FROM cued.audit_log"), "1");
}

} // namespace
} // namespace cued::test
