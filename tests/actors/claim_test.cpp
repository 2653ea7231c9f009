#include <set>

#include "tests/actors/engine_fixture.hpp"

namespace cued::test {
namespace {

class claims : public engine_test {};

TEST_F(claims, of_many_workers_exactly_one_gets_an_execution) {
  add_ready("e1");
  std::vector<std::future<result<actors::claim_grant>>> answers;
  for (int i = 0; i < 50; ++i)
    answers.push_back(claim("ann", "e1", "worker-" + std::to_string(i)));
  int won = 0;
  for (auto& a : answers) {
    const auto r = a.get();
    won += r.has_value();
    if (!r) {
      EXPECT_EQ(r.error().status, 409);
      EXPECT_EQ(r.error().code, "claim_failed");
    }
  }
  EXPECT_EQ(won, 1);
}

TEST_F(claims, claiming_the_next_gives_each_worker_another_one) {
  for (int i = 0; i < 40; ++i)
    add_ready("e" + std::to_string(i));
  std::vector<std::future<result<actors::claim_grant>>> answers;
  for (int i = 0; i < 60; ++i)
    answers.push_back(claim("ann", ""));
  std::set<std::string> given;
  int refused = 0;
  for (auto& a : answers) {
    const auto r = a.get();
    if (r) {
      EXPECT_TRUE(given.insert(r->execution_id).second) << r->execution_id << " was given twice";
    } else {
      ++refused;
    }
  }
  EXPECT_EQ(given.size(), 40u);
  EXPECT_EQ(refused, 20);
}

TEST_F(claims, the_oldest_is_the_next) {
  add_ready("young", "ann", 1);
  add_ready("old", "ann", 100);
  EXPECT_EQ(claim("ann", "").get()->execution_id, "old");
  EXPECT_EQ(claim("ann", "").get()->execution_id, "young");
}

TEST_F(claims, what_was_added_after_an_empty_answer_is_found) {
  EXPECT_FALSE(claim("ann", "").get());
  add_ready("e1");
  EXPECT_TRUE(claim("ann", "").get());
}

TEST_F(claims, another_tenants_execution_is_not_there) {
  add_ready("e1", "ann");
  EXPECT_EQ(claim("bob", "e1").get().error().code, "claim_failed");
  EXPECT_EQ(claim("bob", "").get().error().code, "claim_failed");
  EXPECT_TRUE(claim("ann", "e1").get());
}

TEST_F(claims, a_foreign_attempt_in_the_same_batch_does_not_shadow_the_owners) {
  add_ready("e1", "ann");
  auto foreign = claim("bob", "e1");
  auto own = claim("ann", "e1");
  EXPECT_FALSE(foreign.get());
  EXPECT_TRUE(own.get());
}

TEST_F(claims, while_the_store_is_away_the_answer_is_503_and_later_it_works) {
  add_ready("e1");
  world.away("claim", true);
  const auto refused = claim("ann", "e1").get();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 503);
  world.away("claim", false);
  EXPECT_TRUE(claim("ann", "e1").get());
}

TEST_F(claims, claiming_the_next_tells_that_the_store_is_away) {
  world.away("ready", true);
  const auto refused = claim("ann", "").get();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 503);
}

} // namespace
} // namespace cued::test
