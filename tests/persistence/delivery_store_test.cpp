#include "persistence/delivery_store.hpp"

#include <gmock/gmock.h>

#include "tests/persistence/execution_rows.hpp"

namespace cued::test {
namespace {

class delivery_store : public execution_test {
protected:
  void add_outbox_row(int n, bool dispatched = false) {
    database_.exec("INSERT INTO dispatch_outbox (execution_id, cue_id, task_type, payload, dispatched, "
                   "dispatch_attempts, created_at) VALUES (" +
                   quoted(execution_id(n)) + ", 'cue_1', 'deliver', '{}', " + (dispatched ? "true" : "false") +
                   ", 0, now())");
  }

  persistence::postgres_delivery_store store_{database_.options()};
};

TEST_F(delivery_store, starting_takes_the_execution_and_marks_its_outbox_row_in_one_commit) {
  add_cue("cue_1", {{"payload", "'{\"k\": 1}'"}, {"callback_headers", "'{\"X-A\": \"b\"}'"}});
  const auto e = add_execution(1, "cue_1");
  add_outbox_row(1);
  const auto started = store_.start({e}, wall_clock{}.now()).value();
  ASSERT_EQ(started.size(), 1u);
  EXPECT_EQ(started[0].execution_id, e);
  EXPECT_EQ(started[0].user_id, ada);
  EXPECT_EQ(started[0].attempt, 1);
  EXPECT_EQ(started[0].cue_name, "name of cue_1");
  EXPECT_EQ(started[0].url, "https://example.com/hook");
  EXPECT_EQ(started[0].payload_json, "{\"k\": 1}");
  EXPECT_EQ(started[0].headers_json, "{\"X-A\": \"b\"}");
  EXPECT_EQ(started[0].retry_max_attempts, 3);
  EXPECT_THAT(started[0].webhook_secret, testing::StartsWith("whsec_"));
  EXPECT_EQ(column(1, "status"), "delivering");
  EXPECT_EQ(column(1, "started_at IS NOT NULL"), "t");
  EXPECT_EQ(column(1, "attempts"), "0") << "an attempt counts when it has ended";
  EXPECT_EQ(database_.value("SELECT dispatched FROM dispatch_outbox"), "t");
}

TEST_F(delivery_store, finer_retries_come_along_where_the_cue_asks_for_them) {
  add_cue("cue_1", {{"retry_backoff_seconds", "'[5, 60]'"}, {"retry_jitter_percent", "20"}});
  add_cue("cue_2");
  const auto fine = store_.start({add_execution(1, "cue_1")}, wall_clock{}.now()).value().at(0);
  EXPECT_EQ(fine.retry_backoff_seconds_json, "[5, 60]");
  EXPECT_EQ(fine.retry_jitter_percent, 20);
  const auto plain = store_.start({add_execution(2, "cue_2")}, wall_clock{}.now()).value().at(0);
  EXPECT_EQ(plain.retry_backoff_seconds_json, "");
  EXPECT_EQ(plain.retry_jitter_percent, 0);
}

TEST_F(delivery_store, what_was_started_beside_one_that_spoils_the_batch_is_started_again_alone) {
  add_cue("cue_1");
  add_cue("cue_line", {{"overlap_policy", "'queue_one'"}}); // has another statement than cue_1
  const auto sound = add_execution(1, "cue_1"), spoilt = add_execution(2, "cue_line");
  database_.exec("CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''spoilt''; END'");
  database_.exec("CREATE TRIGGER spoil BEFORE UPDATE ON executions FOR EACH ROW WHEN (OLD.cue_id = 'cue_line') "
                 "EXECUTE FUNCTION spoil()");
  EXPECT_EQ(store_.start({sound, spoilt}, now_).error().status, 500);
  EXPECT_EQ(store_.start({sound}, now_ + std::chrono::seconds{1}).value().size(), 1u);
  EXPECT_TRUE(store_.start({sound}, now_ + std::chrono::seconds{2}).value().empty()) << "once";
  EXPECT_EQ(store_.start({spoilt}, now_ + std::chrono::seconds{3}).error().status, 500);
}

TEST_F(delivery_store, a_retry_keeps_the_first_start_and_counts_on) {
  add_cue("cue_1");
  const auto e = add_execution(
      1, "cue_1",
      {{"status", "'retry_ready'"}, {"attempts", "1"}, {"started_at", "timestamptz '2026-11-24 01:00:00+00'"}});
  EXPECT_EQ(store_.start({e}, wall_clock{}.now()).value().at(0).attempt, 2);
  EXPECT_EQ(column(1, "started_at"), "2026-11-24 01:00:00+00");
}

TEST_F(delivery_store, what_does_not_wait_for_delivery_is_left_out) {
  add_cue("cue_1");
  add_worker_cue("cue_worker");
  std::vector<std::string> ids{execution_id(99), add_execution(50, "cue_worker")};
  int n = 0;
  for (const auto* status : {"delivering", "success", "failed", "retrying", "missed"})
    ids.push_back(add_execution(++n, "cue_1", {{"status", quoted(status)}}));
  EXPECT_TRUE(store_.start(ids, wall_clock{}.now()).value().empty());
}

TEST_F(delivery_store, started_twice_it_is_taken_once) {
  add_cue("cue_1");
  const auto e = add_execution(1, "cue_1");
  EXPECT_EQ(store_.start({e, e}, wall_clock{}.now()).value().size(), 1u);
  EXPECT_TRUE(store_.start({e}, wall_clock{}.now()).value().empty());
}

TEST_F(delivery_store, the_cue_and_the_secret_are_read_as_they_are_now) {
  add_cue("cue_1");
  const auto e = add_execution(1, "cue_1");
  database_.exec("UPDATE cues SET callback_url = 'https://example.org/new'");
  database_.exec("UPDATE users SET webhook_secret = 'whsec_rotated' WHERE id = " + quoted(ada));
  const auto started = store_.start({e}, wall_clock{}.now()).value();
  EXPECT_EQ(started.at(0).url, "https://example.org/new");
  EXPECT_EQ(started.at(0).webhook_secret, "whsec_rotated");
}

} // namespace
} // namespace cued::test
