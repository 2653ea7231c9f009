#include "persistence/fire_keys.hpp"

#include <thread>

#include "persistence/cue_changes.hpp"
#include "tests/persistence/execution_rows.hpp"

namespace cued::test {
namespace {

using namespace std::chrono_literals;

class fire_keys : public execution_test {
protected:
  fire_keys() { add_worker_cue("cue_a"); }

  persistence::cue_firing firing(int n, instant at, const std::string& key = "k", const std::string& digest = "d") {
    persistence::cue_firing f;
    f.user_id = ada;
    f.cue_id = "cue_a";
    f.execution_id = execution_id(n);
    f.scheduled_for = at;
    f.asked_at = at;
    f.idempotency = persistence::fire_key{key, digest};
    return f;
  }

  std::string executions() { return database_.value("SELECT count(*) FROM executions"); }
};

TEST_F(fire_keys, a_fire_that_is_repeated_gives_the_execution_of_the_first) {
  const auto first = fire_cue(link_, firing(1, now_)).value();
  EXPECT_FALSE(first.repeated);
  EXPECT_EQ(first.execution_id, execution_id(1));
  const auto again = fire_cue(link_, firing(2, now_ + 23h)).value();
  EXPECT_TRUE(again.repeated);
  EXPECT_EQ(again.execution_id, execution_id(1));
  EXPECT_EQ(again.scheduled_for, now_);
  EXPECT_EQ(executions(), "1");
}

TEST_F(fire_keys, another_body_with_the_same_key_is_a_conflict) {
  ASSERT_TRUE(fire_cue(link_, firing(1, now_)));
  EXPECT_EQ(fire_cue(link_, firing(2, now_, "k", "another")).error().code, "idempotency_key_conflict");
  EXPECT_EQ(executions(), "1");
}

TEST_F(fire_keys, another_key_or_another_cue_fires_again) {
  add_worker_cue("cue_b");
  auto of_another_cue = firing(3, now_);
  of_another_cue.cue_id = "cue_b";
  ASSERT_TRUE(fire_cue(link_, firing(1, now_)));
  EXPECT_FALSE(fire_cue(link_, firing(2, now_, "other"))->repeated);
  EXPECT_FALSE(fire_cue(link_, of_another_cue)->repeated);
  EXPECT_EQ(executions(), "3");
}

TEST_F(fire_keys, after_a_day_the_key_is_free_again) {
  ASSERT_TRUE(fire_cue(link_, firing(1, now_)));
  EXPECT_FALSE(fire_cue(link_, firing(2, now_ + 24h, "k", "another"))->repeated);
  EXPECT_EQ(fire_cue(link_, firing(3, now_ + 25h, "k", "another"))->execution_id, execution_id(2));
}

TEST_F(fire_keys, a_key_whose_execution_was_deleted_is_a_conflict) {
  ASSERT_TRUE(fire_cue(link_, firing(1, now_)));
  database_.exec("DELETE FROM executions");
  EXPECT_EQ(fire_cue(link_, firing(2, now_)).error().code, "idempotency_key_conflict");
}

TEST_F(fire_keys, a_fire_that_fails_leaves_its_key_free) {
  EXPECT_EQ(fire_cue(link_,
                     [&] {
                       auto foreign = firing(1, now_);
                       foreign.user_id = bob;
                       return foreign;
                     }())
                .error()
                .code,
            "cue_not_found");
  EXPECT_FALSE(fire_cue(link_, firing(2, now_))->repeated);
}

TEST_F(fire_keys, of_many_at_once_one_fires) {
  std::vector<std::thread> threads;
  std::vector<std::string> given(8);
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&, i] {
      persistence::connection link{database_.options()};
      given[static_cast<std::size_t>(i)] =
          fire_cue(link, firing(i + 1, now_ + std::chrono::microseconds{i}))->execution_id;
    });
  for (auto& t : threads)
    t.join();
  EXPECT_EQ(std::ranges::count(given, given[0]), 8);
  EXPECT_EQ(executions(), "1");
}

TEST_F(fire_keys, old_ones_are_forgotten) {
  ASSERT_TRUE(fire_cue(link_, firing(1, now_)));
  EXPECT_EQ(persistence::forget_old_fire_keys(link_, now_ + 23h).value(), 0u);
  EXPECT_EQ(persistence::forget_old_fire_keys(link_, now_ + 24h).value(), 1u);
}

} // namespace
} // namespace cued::test
