#include "tests/actors/engine_fixture.hpp"

namespace cued::test {
namespace {

class supervision : public engine_test {};

/// Asks again until the answer is not 503 any more: the successor of a dead member is in place.
template <class Ask>
auto ask_until_served(Ask ask) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  auto answer = ask().get();
  while (!answer && answer.error().status == 503 && std::chrono::steady_clock::now() < until)
    answer = ask().get();
  return answer;
}

TEST_F(supervision, what_was_pending_on_a_member_that_threw_is_answered_with_503) {
  add_ready("e1");
  engine();
  world.throw_at("claim", 1);
  const auto refused = claim("ann", "e1").get();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 503);
  EXPECT_EQ(refused.error().code, "service_unavailable");
  EXPECT_TRUE(refused.error().retry_after_seconds.has_value());
}

TEST_F(supervision, everybody_who_waits_in_a_dying_members_mailbox_is_answered) {
  for (int i = 0; i < 200; ++i)
    add_ready("e" + std::to_string(i));
  engine();
  world.throw_at("claim", 2);
  std::vector<std::future<result<actors::claim_grant>>> answers;
  for (int i = 0; i < 200; ++i)
    answers.push_back(claim("ann", "e" + std::to_string(i)));
  for (auto& a : answers) {
    ASSERT_EQ(a.wait_for(std::chrono::seconds{10}), std::future_status::ready) << "somebody waits in vain";
    const auto r = a.get();
    if (!r) {
      EXPECT_EQ(r.error().status, 503);
    }
  }
}

TEST_F(supervision, a_member_that_threw_is_replaced_and_works) {
  add_ready("e1");
  engine();
  world.throw_at("claim", 1);
  EXPECT_FALSE(claim("ann", "e1").get());
  EXPECT_TRUE(ask_until_served([&] { return claim("ann", "e1"); }));
  EXPECT_EQ(world.find("e1").status, "delivering");
}

TEST_F(supervision, a_dead_outcome_member_answers_503_and_its_successor_records) {
  add_ready("e1");
  engine();
  world.throw_at("record_outcomes", 1);
  EXPECT_EQ(report("ann", "e1").get().error().status, 503);
  EXPECT_TRUE(ask_until_served([&] { return report("ann", "e1"); }));
}

TEST_F(supervision, a_clock_that_threw_is_replaced_and_fires_what_is_due) {
  memory_world::cue c;
  c.armed = {"cue_1", clock.now() + std::chrono::milliseconds{50}, false, "", "UTC"};
  c.user_id = "ann";
  world.add(c);
  world.throw_at("fire", 1);
  engine();
  EXPECT_TRUE(world.eventually([](memory_world& w) { return w.firings.size() == 1; }));
}

TEST_F(supervision, a_delivery_survives_the_death_of_its_shard) {
  memory_world::execution e;
  e.id = "e1";
  e.user_id = "ann";
  e.webhook = true;
  e.scheduled_for = clock.now();
  world.add(e);
  world.throw_at("start", 1);
  engine();
  EXPECT_TRUE(world.eventually([](memory_world& w) { return w.executions.at("e1").status == "success"; }));
}

TEST_F(supervision, a_member_that_keeps_dying_is_reported_as_hopeless_by_name) {
  world.throw_at("armed_until", 1'000'000);
  auto verdict = hopeless.get_future();
  engine();
  ASSERT_EQ(verdict.wait_for(std::chrono::seconds{60}), std::future_status::ready);
  EXPECT_THAT(verdict.get(), testing::HasSubstr("cue_clock"));
}

} // namespace
} // namespace cued::test
