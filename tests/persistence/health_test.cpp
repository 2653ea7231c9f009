#include "persistence/health.hpp"

#include "tests/persistence/execution_rows.hpp"

using namespace cued;
using namespace cued::persistence;
using namespace cued::test;

namespace {

using health = execution_test;

TEST_F(health, of_an_empty_house_is_zero_everywhere) {
  const auto counts = read_health(link_, now_);
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->pending_outbox, 0);
  EXPECT_EQ(counts->stale_executions, 0);
  EXPECT_EQ(counts->pending_retries, 0);
  EXPECT_EQ(counts->pending_worker_claims, 0);
  EXPECT_EQ(counts->active_workers, 0);
  EXPECT_FALSE(counts->last_heartbeat);
}

TEST_F(health, open_executions_are_counted_by_what_they_wait_for) {
  add_cue("cue_web");
  add_worker_cue("cue_worker");
  add_execution(1, "cue_worker");
  add_execution(2, "cue_web");
  add_execution(3, "cue_web", {{"status", "'retrying'"}});
  add_execution(4, "cue_web", {{"status", "'retry_ready'"}});
  add_execution(5, "cue_web", {{"status", "'delivering'"}, {"updated_at", "timestamptz '2026-11-24 12:54:59+00'"}});
  add_execution(6, "cue_web", {{"status", "'delivering'"}, {"updated_at", "timestamptz '2026-11-24 12:55:01+00'"}});
  add_execution(7, "cue_worker", {{"status", "'success'"}});
  const auto counts = read_health(link_, now_);
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->pending_worker_claims, 1);
  EXPECT_EQ(counts->pending_retries, 2);
  EXPECT_EQ(counts->stale_executions, 1) << "silent for more than 300 s";
}

TEST_F(health, outbox_rows_count_until_they_are_dispatched) {
  add_cue("cue_web");
  add_execution(1, "cue_web");
  database_.exec("INSERT INTO dispatch_outbox (execution_id, cue_id, task_type, payload, dispatched, "
                 "dispatch_attempts) SELECT id, cue_id, 'deliver', '{}', d, 0 FROM executions, "
                 "(VALUES (false), (false), (true)) AS rows (d)");
  EXPECT_EQ(read_health(link_, now_)->pending_outbox, 2);
}

TEST_F(health, notices_count_until_they_are_delivered_and_failures_for_a_week) {
  for (const auto* row : {"'pending', now()", "'sending', now()", "'delivered', now()", "'dropped', now()",
                          "'failed', timestamptz '2026-11-18 00:00+00'", "'failed', timestamptz '2026-11-17 00:00+00'"})
    database_.exec("INSERT INTO cued.notices (kind, user_id, content, status, updated_at) VALUES ('mail', '" + ada +
                   "', '{}', " + row + ")");
  const auto counts = read_health(link_, now_);
  EXPECT_EQ(counts->notices.pending, 2);
  EXPECT_EQ(counts->notices.failed, 1);
}

TEST_F(health, workers_count_for_three_minutes_after_their_heartbeat) {
  database_.exec("INSERT INTO workers (user_id, worker_id, last_heartbeat) VALUES "
                 "('" +
                 ada +
                 "', 'a', timestamptz '2026-11-24 12:57:00+00'), "
                 "('" +
                 bob +
                 "', 'b', timestamptz '2026-11-24 12:59:00+00'), "
                 "('" +
                 bob + "', 'c', timestamptz '2026-11-24 12:56:59+00')");
  const auto counts = read_health(link_, now_);
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->active_workers, 2);
  EXPECT_EQ(counts->last_heartbeat, now_ - std::chrono::minutes{1});
}

} // namespace
