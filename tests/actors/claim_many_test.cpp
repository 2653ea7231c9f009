#include <set>

#include "actors/directory.hpp"
#include "tests/actors/engine_fixture.hpp"

namespace cued::test {
namespace {

using namespace std::chrono_literals;
using actors::claim_grants;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class claims_of_many : public engine_test {
protected:
  std::future<result<claim_grants>> claim_many(std::size_t at_most, std::chrono::milliseconds wait = 0ms,
                                               std::shared_ptr<const std::atomic<bool>> abandoned = nullptr) {
    auto promise = std::make_shared<std::promise<result<claim_grants>>>();
    actors::claim_request wanted{"ann", "", "worker", wait, std::move(abandoned)};
    wanted.with_work = true;
    engine().claim_many(std::move(wanted), at_most, actors::reply<claim_grants>{[promise](result<claim_grants> r) {
                          promise->set_value(std::move(r));
                        }});
    return promise->get_future();
  }

  static std::vector<std::string> ids_of(const result<claim_grants>& won) {
    std::vector<std::string> ids;
    for (const auto& one : won.value())
      ids.push_back(one.execution_id);
    return ids;
  }

  void add_many(int n) {
    for (int i = 0; i < n; ++i)
      add_ready("e" + std::to_string(i), "ann", n - i);
  }

  /// One of those that are in the charge of the claim shard `shard`.
  static std::string id_in_shard(std::size_t shard, const std::string& prefix) {
    for (int i = 0;; ++i)
      if (auto id = prefix + std::to_string(i); actors::directory::shard_of(id, 2) == shard)
        return id;
  }

  void fire(const std::string& id) {
    add_ready(id, "ann", 0);
    engine().execution_created("ann", id, false, clock.now());
  }
};

TEST_F(claims_of_many, the_oldest_come_first_and_all_of_them_are_the_workers) {
  add_many(5);
  EXPECT_THAT(ids_of(claim_many(3).get()), ElementsAre("e0", "e1", "e2"));
  EXPECT_THAT(ids_of(claim_many(3).get()), ElementsAre("e3", "e4"));
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(world.find("e" + std::to_string(i)).status, "delivering");
    EXPECT_EQ(world.find("e" + std::to_string(i)).claimed_by, "worker");
  }
}

TEST_F(claims_of_many, what_is_won_comes_with_what_it_takes_to_run_it) {
  memory_world::execution e;
  e.id = "e1";
  e.user_id = "ann";
  e.cue_id = "cue_1";
  e.scheduled_for = clock.now() - 1s;
  world.add(e);
  const auto won = claim_many(10).get();
  ASSERT_THAT(won.value(), SizeIs(1));
  const auto& work = won->front().work.value();
  EXPECT_EQ(work.execution_id, "e1");
  EXPECT_EQ(work.cue_name, "name of cue_1");
  EXPECT_EQ(work.scheduled_for, e.scheduled_for);
  EXPECT_EQ(work.attempts, 1);
}

TEST_F(claims_of_many, when_there_is_nothing_the_list_is_empty) { EXPECT_THAT(claim_many(5).get().value(), IsEmpty()); }

TEST_F(claims_of_many, many_at_once_never_get_the_same_and_leave_nothing) {
  add_many(1000);
  std::vector<std::future<result<claim_grants>>> answers;
  for (int i = 0; i < 10; ++i)
    answers.push_back(claim_many(150));
  std::set<std::string> given;
  std::size_t total = 0;
  for (auto& answer : answers)
    for (const auto& id : ids_of(answer.get())) {
      given.insert(id);
      ++total;
    }
  EXPECT_EQ(given.size(), 1000u);
  EXPECT_EQ(total, 1000u);
}

TEST_F(claims_of_many, a_thousand_rows_share_a_few_statements) {
  add_many(1000);
  EXPECT_THAT(claim_many(1000).get().value(), SizeIs(1000));
  EXPECT_EQ(world.claim_rows, 1000u);
  EXPECT_LE(world.claim_statements, 2u) << "one for each shard";
}

TEST_F(claims_of_many, more_than_the_tenant_looks_ahead_is_found_in_the_end) {
  add_many(2500);
  std::size_t found = 0;
  for (int round = 0; round < 2500 && found < 2500; ++round)
    found += claim_many(100, 10s).get().value().size();
  EXPECT_EQ(found, 2500u);
  EXPECT_THAT(claim_many(100).get().value(), IsEmpty());
}

TEST_F(claims_of_many, one_that_waits_is_answered_with_the_first_that_comes) {
  auto waiting = claim_many(100, 30s);
  ASSERT_TRUE(world.eventually([](memory_world& w) { return w.ready_looks > 0; }));
  fire("e1");
  EXPECT_THAT(ids_of(waiting.get()), ElementsAre("e1"));
}

TEST_F(claims_of_many, when_the_time_is_up_the_list_is_empty) {
  EXPECT_THAT(claim_many(100, 100ms).get().value(), IsEmpty());
}

TEST_F(claims_of_many, nothing_is_given_to_a_client_that_has_hung_up) {
  auto gone = std::make_shared<std::atomic<bool>>(false);
  auto abandoned = claim_many(100, 30s, gone);
  ASSERT_TRUE(world.eventually([](memory_world& w) { return w.ready_looks > 0; }));
  auto patient = claim_many(100, 30s);
  *gone = true;
  fire("e1");
  EXPECT_THAT(ids_of(patient.get()), ElementsAre("e1"));
  EXPECT_THAT(abandoned.get().value(), IsEmpty());
}

TEST_F(claims_of_many, what_one_shard_won_is_given_although_the_other_failed) {
  const auto here = id_in_shard(0, "a"), there = id_in_shard(1, "b");
  add_ready(here);
  add_ready(there);
  world.fail_next("claim", 1);
  const auto won = claim_many(10).get();
  ASSERT_THAT(won.value(), SizeIs(1));
  const auto& given = won->front().execution_id;
  const auto& other = given == here ? there : here;
  EXPECT_EQ(world.find(given).status, "delivering");
  EXPECT_EQ(world.find(other).status, "pending");
  EXPECT_THAT(ids_of(claim_many(10).get()), ElementsAre(other)) << "and the rest is still there";
}

TEST_F(claims_of_many, while_the_store_is_away_nothing_is_won_and_the_answer_is_503) {
  add_many(3);
  world.away("claim", true);
  const auto refused = claim_many(10).get();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 503);
}

TEST_F(claims_of_many, a_shard_that_dies_harms_only_what_was_in_its_charge) {
  for (int i = 0; i < 10; ++i) {
    add_ready(id_in_shard(0, "a" + std::to_string(i) + "-"));
    add_ready(id_in_shard(1, "b" + std::to_string(i) + "-"));
  }
  engine();
  world.throw_at("claim", 1);
  const auto won = claim_many(20).get();
  ASSERT_TRUE(won);
  EXPECT_THAT(*won, SizeIs(10));
  for (const auto& one : *won)
    EXPECT_EQ(world.find(one.execution_id).status, "delivering");
}

TEST_F(claims_of_many, what_was_claimed_by_id_is_not_given_again) {
  add_many(3);
  EXPECT_THAT(ids_of(claim_many(1).get()), ElementsAre("e0")); // the tenant knows the others now
  ASSERT_TRUE(claim("ann", "e1").get());
  EXPECT_THAT(ids_of(claim_many(10).get()), ElementsAre("e2"));
}

TEST_F(claims_of_many, the_end_of_the_server_answers_who_waits) {
  auto waiting = claim_many(10, 30s);
  ASSERT_TRUE(world.eventually([](memory_world& w) { return w.ready_looks > 0; }));
  engine().answer_waiting();
  EXPECT_EQ(waiting.get().error().status, 503);
}

/// One statement for each request, as without group commit.
class claims_one_by_one : public claims_of_many {
protected:
  actors::engine_settings settings() override {
    auto s = claims_of_many::settings();
    s.batch_rows = 1;
    return s;
  }
};

TEST_F(claims_one_by_one, every_row_has_a_statement_of_its_own) {
  add_many(50);
  EXPECT_THAT(claim_many(50).get().value(), SizeIs(50));
  EXPECT_EQ(world.claim_statements, 50u);
}

} // namespace
} // namespace cued::test
