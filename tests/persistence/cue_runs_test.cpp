#include "persistence/cue_runs.hpp"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>

#include "persistence/cue_changes.hpp"
#include "persistence/cues.hpp"
#include "persistence/outcome_store.hpp"
#include "tests/persistence/execution_rows.hpp"

namespace cued::test {
namespace {

using namespace std::chrono_literals;
using persistence::fold_cue_runs;
using persistence::reported_outcome;

class cue_runs : public execution_test {
protected:
  reported_outcome report_on(int n) {
    reported_outcome r;
    r.user_id = ada;
    r.execution_id = execution_id(n);
    r.success = true;
    return r;
  }

  /// Executions `first` to `last` of the cue are made, and reported in one batch.
  void run(const std::string& cue, int first, int last, instant at) {
    std::vector<reported_outcome> reports;
    for (int n = first; n <= last; ++n) {
      add_execution(n, cue, {{"status", "'delivering'"}});
      reports.push_back(report_on(n));
    }
    ASSERT_TRUE(store_.record_outcomes(reports, at));
  }

  persistence::cue_row told(const std::string& cue = "cue_1") { return persistence::find_cue(link_, ada, cue).value(); }

  /// run_count as it is in the row.
  std::string counted(const std::string& cue = "cue_1") {
    return database_.value("SELECT run_count FROM cues WHERE id = " + quoted(cue));
  }
  std::string journal() { return database_.value("SELECT coalesce(sum(runs), 0) FROM cued.cue_runs"); }

  persistence::postgres_outcome_store store_{database_.options()};
};

TEST_F(cue_runs, are_journalled_and_the_row_of_the_cue_is_not_written) {
  add_worker_cue("cue_1");
  const auto version = database_.value("SELECT xmin FROM cues");
  run("cue_1", 1, 3, now_);
  EXPECT_EQ(database_.value("SELECT xmin FROM cues"), version);
  EXPECT_EQ(database_.value("SELECT cue_id || ' ' || runs FROM cued.cue_runs"), "cue_1 3");
}

TEST_F(cue_runs, are_told_before_and_after_they_are_folded) {
  add_worker_cue("cue_1");
  add_worker_cue("cue_2");
  database_.exec("UPDATE cues SET updated_at = '2026-11-01'");
  run("cue_1", 1, 3, now_);
  run("cue_1", 4, 5, now_ + 1s);
  for (const auto* folds : {"before", "after", "after another one"}) {
    EXPECT_EQ(told().run_count, 5) << folds;
    EXPECT_EQ(told().last_run, now_ + 1s) << folds;
    EXPECT_EQ(told().updated_at, now_ + 1s) << folds;
    EXPECT_EQ(told("cue_2").run_count, 0) << folds;
    EXPECT_EQ(told("cue_2").last_run, std::nullopt) << folds;
    ASSERT_TRUE(fold_cue_runs(link_));
  }
  EXPECT_EQ(counted(), "5");
  EXPECT_EQ(journal(), "0");
  run("cue_1", 6, 6, now_ + 2s);
  EXPECT_EQ(told().run_count, 6) << "on top of what was folded";
}

TEST_F(cue_runs, are_told_by_lists_and_changes_as_well) {
  add_worker_cue("cue_1");
  run("cue_1", 1, 3, now_);
  const auto page = persistence::list_cues(link_, ada, {}, 10, 0).value();
  EXPECT_EQ(page.cues.at(0).run_count, 3);
  EXPECT_EQ(page.cues.at(0).last_run, now_);
  const auto renamed = [](const persistence::cue_before_change& before) -> result<persistence::cue_changes> {
    EXPECT_EQ(before.cue.run_count, 3);
    persistence::cue_changes changes;
    changes.name = "another";
    return changes;
  };
  EXPECT_EQ(persistence::change_cue(link_, ada, "cue_1", renamed).value().run_count, 3);
  ASSERT_TRUE(fold_cue_runs(link_));
  EXPECT_EQ(persistence::change_cue(link_, ada, "cue_1", renamed).value().run_count, 3);
}

TEST_F(cue_runs, of_one_time_cues_are_counted_at_once) {
  add_worker_cue("cue_1", "{}", {{"schedule_type", "'once'"}});
  run("cue_1", 1, 1, now_);
  EXPECT_EQ(counted(), "1");
  EXPECT_EQ(journal(), "0");
  EXPECT_EQ(told().last_run, now_);
}

TEST_F(cue_runs, of_a_batch_that_is_repeated_count_once) {
  add_worker_cue("cue_1");
  run("cue_1", 1, 2, now_);
  ASSERT_TRUE(store_.record_outcomes({report_on(1), report_on(2)}, now_));
  EXPECT_EQ(told().run_count, 2);
  ASSERT_TRUE(fold_cue_runs(link_));
  ASSERT_TRUE(store_.record_outcomes({report_on(1), report_on(2)}, now_));
  EXPECT_EQ(told().run_count, 2);
}

TEST_F(cue_runs, of_a_deleted_cue_are_removed_by_the_next_fold) {
  for (const auto* cue : {"cue_1", "cue_2"})
    add_worker_cue(cue);
  run("cue_1", 1, 2, now_);
  run("cue_2", 3, 3, now_);
  ASSERT_TRUE(persistence::delete_cue(link_, ada, "cue_1"));
  ASSERT_TRUE(fold_cue_runs(link_));
  EXPECT_EQ(journal(), "0");
  EXPECT_EQ(counted("cue_2"), "1");
}

TEST_F(cue_runs, that_were_late_to_commit_are_told_and_folded_and_do_not_turn_back_the_last_run) {
  const auto past = now_ - 24h * 1000; // in the past for the server of any clock
  add_worker_cue("cue_1");
  run("cue_1", 1, 1, past);
  ASSERT_TRUE(fold_cue_runs(link_));
  run("cue_1", 2, 2, past - 30s);
  EXPECT_EQ(told().run_count, 2);
  EXPECT_EQ(told().last_run, past);
  run("cue_1", 3, 3, past - 1h);
  ASSERT_TRUE(fold_cue_runs(link_));
  EXPECT_EQ(counted(), "3") << "a fold finds them however late they are";
  EXPECT_EQ(told().last_run, past);
}

TEST_F(cue_runs, heal_a_last_run_that_a_wrong_clock_has_put_into_the_future) {
  add_worker_cue("cue_1", "{}", {{"last_run", "timestamptz '2099-01-01'"}});
  run("cue_1", 1, 1, now_);
  ASSERT_TRUE(fold_cue_runs(link_));
  EXPECT_EQ(told().last_run, now_);
}

TEST_F(cue_runs, of_many_cues_are_folded_in_portions) {
  database_.exec("INSERT INTO cues (id, user_id, name, status, schedule_type, callback_transport) "
                 "SELECT 'cue_' || n, " +
                 quoted(ada) + ", 'name ' || n, 'active', 'recurring', 'worker' FROM generate_series(1, 1200) AS n");
  database_.exec("INSERT INTO cued.cue_runs SELECT 'cue_' || n, now(), 1 FROM generate_series(1, 1200) AS n");
  persistence::run_fold fold;
  std::vector<std::size_t> left;
  for (int i = 0; i < 4; ++i)
    left.push_back(fold.next(link_).value());
  EXPECT_THAT(left, testing::ElementsAre(700, 200, 0, 0));
  EXPECT_EQ(database_.value("SELECT sum(run_count) FROM cues"), "1200");
  EXPECT_EQ(journal(), "0");
}

TEST_F(cue_runs, that_a_killed_transaction_was_folding_are_still_there) {
  add_worker_cue("cue_1");
  run("cue_1", 1, 2, now_);
  persistence::connection folding{database_.options()};
  const auto killed = folding.in_transaction([&](persistence::session& s) -> result<void> {
    s.exec_text("DELETE FROM cued.cue_runs; UPDATE cues SET run_count = 2");
    EXPECT_EQ(told().run_count, 2) << "nobody sees half of it";
    return fail(503, "killed", "");
  });
  EXPECT_FALSE(killed);
  EXPECT_EQ(told().run_count, 2);
  ASSERT_TRUE(fold_cue_runs(link_));
  EXPECT_EQ(counted(), "2");
}

/// Two nodes record outcomes of the same cues while two others fold: a reader sees the count grow and never too much of
/// it, and at the end every run has been counted once.
TEST_F(cue_runs, count_once_whoever_folds_and_reads_at_the_same_time) {
  constexpr int batches = 60, executions_of_a_batch = 4;
  for (const auto* cue : {"cue_1", "cue_2"})
    add_worker_cue(cue);
  for (int n = 1; n <= 2 * batches * executions_of_a_batch; ++n)
    add_execution(n, n % 2 == 0 ? "cue_2" : "cue_1", {{"status", "'delivering'"}});
  std::atomic<int> recording = 2;
  const auto record = [&](int node) {
    persistence::postgres_outcome_store store{database_.options()};
    for (int b = 0; b < batches; ++b) {
      std::vector<reported_outcome> reports;
      for (int i = 1; i <= executions_of_a_batch; ++i)
        reports.push_back(report_on((node * batches + b) * executions_of_a_batch + i));
      EXPECT_TRUE(store.record_outcomes(reports, now_ + b * 10ms));
    }
    --recording;
  };
  const auto fold = [&] {
    persistence::connection link{database_.options()};
    while (recording > 0)
      EXPECT_TRUE(fold_cue_runs(link));
  };
  std::vector<std::thread> threads;
  threads.emplace_back(record, 0);
  threads.emplace_back(record, 1);
  threads.emplace_back(fold);
  threads.emplace_back(fold);
  std::int64_t before = 0;
  while (recording > 0) {
    const auto now = told().run_count;
    EXPECT_GE(now, before);
    EXPECT_LE(now, batches * executions_of_a_batch);
    before = now;
  }
  for (auto& t : threads)
    t.join();
  ASSERT_TRUE(fold_cue_runs(link_));
  for (const auto* cue : {"cue_1", "cue_2"})
    EXPECT_EQ(counted(cue), std::to_string(batches * executions_of_a_batch));
  EXPECT_EQ(journal(), "0");
}

} // namespace
} // namespace cued::test
