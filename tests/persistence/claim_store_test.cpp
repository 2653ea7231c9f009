#include "persistence/claim_store.hpp"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>

#include "tests/persistence/execution_rows.hpp"

namespace cued::test {
namespace {

using persistence::claim_attempt;
using testing::ElementsAre;

class claim_store : public execution_test {
protected:
  std::vector<bool> claim(const std::vector<claim_attempt>& attempts) {
    return claim_at(attempts, at_ += std::chrono::microseconds{1});
  }
  std::vector<bool> claim_at(const std::vector<claim_attempt>& attempts, instant at) {
    std::vector<bool> won;
    const auto answers = store_.claim(attempts, at).value();
    for (const auto& answer : answers)
      won.push_back(answer.has_value());
    return won;
  }

  persistence::postgres_claim_store store_{database_.options()};
  instant at_ = now_;
};

TEST_F(claim_store, a_claim_writes_all_that_belongs_to_it) {
  add_worker_cue("cue_1");
  const auto e = add_execution(1, "cue_1");
  EXPECT_THAT(claim({{ada, e, "w1"}}), ElementsAre(true));
  EXPECT_EQ(column(1, "status"), "delivering");
  EXPECT_EQ(column(1, "claimed_by_worker"), "w1");
  EXPECT_EQ(column(1, "attempts"), "1");
  EXPECT_EQ(column(1, "claimed_at = started_at AND started_at = last_attempt_at"), "t");
  EXPECT_EQ(column(1, "updated_at > created_at"), "t");
}

TEST_F(claim_store, a_batch_answers_each_attempt_in_its_place) {
  add_worker_cue("cue_1");
  const auto a = add_execution(1, "cue_1"), b = add_execution(2, "cue_1", {{"status", "'success'"}});
  EXPECT_THAT(claim({{ada, b, "w"}, {ada, execution_id(99), "w"}, {ada, a, "w"}, {ada, a, "w2"}}),
              ElementsAre(false, false, true, false));
}

TEST_F(claim_store, neither_webhook_cues_nor_other_tenants_executions_can_be_claimed) {
  add_worker_cue("cue_worker");
  add_cue("cue_webhook");
  const auto w = add_execution(1, "cue_worker"), h = add_execution(2, "cue_webhook");
  EXPECT_THAT(claim({{bob, w, "w"}, {ada, h, "w"}, {ada, w, "w"}}), ElementsAre(false, false, true));
}

TEST_F(claim_store, an_execution_that_is_not_yet_due_cannot_be_claimed) {
  add_worker_cue("cue_1");
  const auto e = add_execution(1, "cue_1", {{"scheduled_for", "timestamptz '2099-01-01'"}});
  EXPECT_THAT(claim({{ada, e, "w"}}), ElementsAre(false));
}

TEST_F(claim_store, repeating_a_batch_whose_commit_was_in_doubt_gives_the_same_answer) {
  add_worker_cue("cue_1");
  const auto e = add_execution(1, "cue_1");
  EXPECT_THAT(claim_at({{ada, e, "w"}}, now_), ElementsAre(true));
  EXPECT_THAT(claim_at({{ada, e, "w"}}, now_), ElementsAre(true));
  EXPECT_EQ(column(1, "attempts"), "1") << "it is the same claim";
  EXPECT_THAT(claim_at({{ada, e, "w"}}, now_ + std::chrono::seconds{1}), ElementsAre(false));
}

TEST_F(claim_store, of_many_stores_at_once_exactly_one_wins_each_execution) {
  add_worker_cue("cue_1");
  std::vector<claim_attempt> attempts;
  for (int i = 1; i <= 20; ++i)
    attempts.push_back({ada, add_execution(i, "cue_1"), ""});
  std::atomic<int> wins{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      persistence::postgres_claim_store store{database_.options()};
      auto mine = attempts;
      for (auto& a : mine)
        a.worker_id = "w" + std::to_string(t);
      if (t % 2)
        std::ranges::reverse(mine); // against the lock order
      const auto won = store.claim(mine, now_ + std::chrono::microseconds{t});
      if (won)
        wins += static_cast<int>(std::ranges::count_if(*won, [](const auto& answer) { return answer.has_value(); }));
    });
  for (auto& t : threads)
    t.join();
  EXPECT_EQ(wins, 20);
}

TEST_F(claim_store, the_ready_list_is_oldest_first_and_only_what_can_be_claimed) {
  add_worker_cue("cue_1");
  add_cue("cue_webhook");
  add_execution(3, "cue_1");
  add_execution(1, "cue_1");
  add_execution(2, "cue_1", {{"status", "'delivering'"}});
  add_execution(4, "cue_1", {{"scheduled_for", "timestamptz '2099-01-01'"}});
  add_execution(5, "cue_webhook");
  const auto ready = store_.ready(ada, now_, 10).value();
  ASSERT_EQ(ready.size(), 2u);
  EXPECT_EQ(ready[0].execution_id, execution_id(1));
  EXPECT_EQ(ready[1].execution_id, execution_id(3));
  EXPECT_EQ(store_.ready(ada, now_, 1).value().size(), 1u);
  EXPECT_TRUE(store_.ready(bob, now_, 10).value().empty());
}

TEST_F(claim_store, the_next_due_is_the_soonest_that_workers_will_be_able_to_claim) {
  add_worker_cue("cue_1");
  add_worker_cue("cue_2");
  add_cue("cue_webhook");
  add_execution(1, "cue_1");
  EXPECT_EQ(store_.next_due(ada, now_).value(), std::nullopt) << "what is due already is none of its business";
  add_execution(2, "cue_1", {{"scheduled_for", "timestamptz '2026-11-24 15:00:00+00'"}});
  add_execution(3, "cue_2", {{"scheduled_for", "timestamptz '2026-11-24 14:00:00+00'"}});
  add_execution(4, "cue_2", {{"scheduled_for", "timestamptz '2026-11-24 13:30:00+00'"}, {"status", "'missed'"}});
  add_execution(5, "cue_webhook", {{"scheduled_for", "timestamptz '2026-11-24 13:10:00+00'"}});
  EXPECT_EQ(store_.next_due(ada, now_).value(), now_ + std::chrono::hours{1});
  EXPECT_EQ(store_.next_due(ada, now_ + std::chrono::hours{1}).value(), now_ + std::chrono::hours{2});
  EXPECT_EQ(store_.next_due(bob, now_).value(), std::nullopt);
}

TEST_F(claim_store, what_comes_first_in_a_batch_from_a_stranger_does_not_shadow_the_owner) {
  add_worker_cue("cue_1");
  const auto e = add_execution(1, "cue_1");
  EXPECT_THAT(claim({{bob, e, "w"}, {ada, e, "w"}}), ElementsAre(false, true));
}

// -- giving back ------------------------------------------------------------------

TEST_F(claim_store, a_claim_that_is_given_back_leaves_the_execution_as_if_it_had_not_been) {
  add_worker_cue("cue_1");
  const auto e = add_execution(1, "cue_1");
  EXPECT_THAT(claim_at({{ada, e, "w"}}, now_), ElementsAre(true));
  const auto returned = store_.give_back({{ada, e, "w", now_}}).value();
  ASSERT_EQ(returned.size(), 1u);
  EXPECT_TRUE(returned[0].has_value());
  EXPECT_EQ(column(1, "status"), "pending");
  EXPECT_EQ(column(1, "attempts"), "0");
  EXPECT_EQ(column(1, "num_nulls(claimed_by_worker, claimed_at, started_at, last_attempt_at, outcome_deadline_at)"),
            "5");
  EXPECT_THAT(claim_at({{ada, e, "w2"}}, now_ + std::chrono::seconds{1}), ElementsAre(true));
  EXPECT_EQ(column(1, "attempts"), "1");
}

TEST_F(claim_store, the_claim_that_the_same_worker_was_granted_since_stays) {
  add_worker_cue("cue_1");
  const auto e = add_execution(1, "cue_1");
  const auto first = now_, second = now_ + std::chrono::microseconds{1};
  EXPECT_THAT(claim_at({{ada, e, "w"}}, second), ElementsAre(true));
  EXPECT_EQ(store_.give_back({{ada, e, "w", first}}).value().at(0), std::nullopt);
  EXPECT_EQ(store_.give_back({{ada, e, "w2", second}}).value().at(0), std::nullopt) << "nor another worker's";
  EXPECT_EQ(store_.give_back({{bob, e, "w", second}}).value().at(0), std::nullopt) << "nor another tenant's";
  EXPECT_EQ(column(1, "status"), "delivering");
}

TEST_F(claim_store, what_was_reported_is_not_given_back) {
  add_worker_cue("cue_1");
  const auto e = add_execution(1, "cue_1");
  EXPECT_THAT(claim_at({{ada, e, "w"}}, now_), ElementsAre(true));
  database_.exec("UPDATE executions SET outcome_recorded_at = now(), outcome_success = true");
  EXPECT_EQ(store_.give_back({{ada, e, "w", now_}}).value().at(0), std::nullopt);
}

TEST_F(claim_store, each_of_many_is_answered_in_its_place) {
  add_worker_cue("cue_1");
  const auto a = add_execution(1, "cue_1"), b = add_execution(2, "cue_1"), c = add_execution(3, "cue_1");
  EXPECT_THAT(claim_at({{ada, a, "w"}, {ada, c, "w"}}, now_), ElementsAre(true, true));
  const auto returned = store_.give_back({{ada, c, "w", now_}, {ada, b, "w", now_}, {ada, a, "w", now_}}).value();
  ASSERT_EQ(returned.size(), 3u);
  EXPECT_TRUE(returned[0] && !returned[1] && returned[2]);
}

} // namespace
} // namespace cued::test
