#include "persistence/bulk_replay.hpp"

#include <gmock/gmock.h>

#include "tests/persistence/execution_rows.hpp"

namespace cued::test {
namespace {

using persistence::bulk_replay_filter;
using testing::ElementsAre;

class bulk_replays : public execution_test {
protected:
  bulk_replays() {
    add_cue("cue_1");
    add_worker_cue("cue_2");
    add_execution(1, "cue_1", {{"status", "'failed'"}});
    add_execution(2, "cue_2", {{"status", "'missed'"}});
    add_execution(3, "cue_1", {{"status", "'success'"}});
    add_execution(4, "cue_1", {{"status", "'failed'"}});
    add_execution(5, "cue_1");
  }

  bulk_replay_filter failures() {
    bulk_replay_filter f;
    f.user_id = ada;
    f.statuses = {"failed", "missed", "outcome_timeout"};
    return f;
  }

  persistence::bulk_replay replay(const bulk_replay_filter& filter, int limit = 10) {
    std::vector<std::string> ids;
    for (int i = 0; i < limit; ++i)
      ids.push_back(execution_id(100 + i));
    auto done = replay_matching(link_, filter, ids, now_);
    EXPECT_TRUE(done) << (done ? "" : done.error().message);
    return done.value_or(persistence::bulk_replay{});
  }

  static std::vector<std::string> ids(const persistence::bulk_replay& of) {
    std::vector<std::string> out;
    for (const auto& one : of.executions)
      out.push_back(one.execution_id);
    return out;
  }

  std::string count(const std::string& what) { return database_.value("SELECT count(*) FROM " + what); }
};

TEST_F(bulk_replays, each_failure_runs_again_oldest_first) {
  const auto done = replay(failures());
  EXPECT_EQ(done.matched, 3);
  EXPECT_THAT(ids(done), ElementsAre(execution_id(1), execution_id(2), execution_id(4)));
  EXPECT_EQ(count("executions WHERE triggered_by = 'replay' AND status = 'pending'"), "3");
  EXPECT_EQ(column(100, "cue_id"), "cue_1");
  EXPECT_EQ(column(101, "cue_id"), "cue_2");
  EXPECT_EQ(column(1, "status"), "failed") << "the original stays as it is";
}

TEST_F(bulk_replays, a_webhook_execution_gets_its_outbox_row_and_a_workers_does_not) {
  const auto done = replay(failures());
  EXPECT_TRUE(done.executions[0].webhook);
  EXPECT_FALSE(done.executions[1].webhook);
  EXPECT_EQ(count("dispatch_outbox WHERE execution_id = " + quoted(execution_id(100))), "1");
  EXPECT_EQ(count("dispatch_outbox"), "2");
}

TEST_F(bulk_replays, the_payload_of_then_goes_along) {
  database_.exec("UPDATE executions SET payload_override = '{\"a\": 1}' WHERE id = " + quoted(execution_id(2)));
  replay(failures());
  EXPECT_EQ(column(101, "payload_override"), R"({"a": 1})");
  EXPECT_EQ(column(100, "payload_override IS NULL"), "t");
}

TEST_F(bulk_replays, a_dry_run_makes_nothing) {
  const auto found = find_replayable(link_, failures(), 2).value();
  EXPECT_EQ(found.matched, 3);
  EXPECT_THAT(ids(found), ElementsAre(execution_id(1), execution_id(2)));
  EXPECT_EQ(found.executions[0].replay_id, std::nullopt);
  EXPECT_EQ(count("executions"), "5");
}

TEST_F(bulk_replays, filters_narrow) {
  auto of_cue = failures();
  of_cue.cue_id = "cue_1";
  EXPECT_THAT(ids(find_replayable(link_, of_cue, 9).value()), ElementsAre(execution_id(1), execution_id(4)));
  auto successes = failures();
  successes.statuses = {"success"};
  EXPECT_THAT(ids(find_replayable(link_, successes, 9).value()), ElementsAre(execution_id(3)));
  const auto midnight = now_ - std::chrono::hours{13};
  auto between = failures();
  between.from = midnight + std::chrono::minutes{2};
  between.until = midnight + std::chrono::minutes{4};
  EXPECT_THAT(ids(find_replayable(link_, between, 9).value()), ElementsAre(execution_id(2)))
      << "from its first instant up to, and without, its last";
}

TEST_F(bulk_replays, what_is_beyond_the_limit_follows_after_the_last) {
  const auto first = replay(failures(), 2);
  EXPECT_EQ(first.matched, 3);
  auto rest = failures();
  rest.after = first.executions.back().execution_id;
  const auto second = find_replayable(link_, rest, 2).value();
  EXPECT_EQ(second.matched, 1);
  EXPECT_THAT(ids(second), ElementsAre(execution_id(4)));
}

TEST_F(bulk_replays, other_tenants_executions_are_not_there) {
  auto foreign = failures();
  foreign.user_id = bob;
  EXPECT_EQ(find_replayable(link_, foreign, 9).value().matched, 0);
  foreign.cue_id = "cue_1";
  EXPECT_EQ(replay(foreign).matched, 0);
}

TEST_F(bulk_replays, an_instant_that_is_taken_is_moved_on) {
  add_execution(6, "cue_1", {{"scheduled_for", "timestamptz '2026-11-24 13:00:00+00'"}});
  const auto done = replay(failures());
  EXPECT_EQ(done.executions.size(), 3u);
  EXPECT_EQ(count("executions WHERE triggered_by = 'replay'"), "3");
}

} // namespace
} // namespace cued::test
