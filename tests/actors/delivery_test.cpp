#include "tests/actors/engine_fixture.hpp"

namespace cued::test {
namespace {

class deliveries : public engine_test {
protected:
  void add_webhook(const std::string& id, const std::string& user = "ann") {
    memory_world::execution e;
    e.id = id;
    e.user_id = user;
    e.webhook = true;
    e.scheduled_for = clock.now();
    world.add(e);
  }

  bool eventually_has_status(const std::string& id, const std::string& status) {
    return world.eventually([&](memory_world& w) { return w.executions.at(id).status == status; });
  }
};

TEST_F(deliveries, an_execution_that_was_just_made_is_sent_at_once) {
  engine();
  add_webhook("e1");
  engine().execution_created("ann", "e1", true, clock.now());
  EXPECT_TRUE(eventually_has_status("e1", "success"));
  EXPECT_EQ(sender.requests.size(), 1u);
}

TEST_F(deliveries, told_twice_it_is_sent_once) {
  add_webhook("e1");
  engine().execution_created("ann", "e1", true, clock.now());
  engine().execution_created("ann", "e1", true, clock.now());
  ASSERT_TRUE(eventually_has_status("e1", "success"));
  EXPECT_EQ(world.find("e1").attempts, 1);
  EXPECT_EQ(sender.requests.size(), 1u);
}

TEST_F(deliveries, what_failed_is_tried_again_until_the_attempts_are_used_up) {
  sender.answer = [](std::size_t) {
    actors::webhook_response bad;
    bad.status = 500;
    return bad;
  };
  add_webhook("e1");
  engine();
  ASSERT_TRUE(eventually_has_status("e1", "failed"));
  EXPECT_EQ(world.find("e1").attempts, 3);
}

TEST_F(deliveries, what_failed_and_then_went_well_is_a_success_at_its_second_attempt) {
  sender.answer = [](std::size_t nth) {
    actors::webhook_response r;
    r.status = nth == 1 ? 503 : 204;
    return r;
  };
  add_webhook("e1");
  engine();
  ASSERT_TRUE(eventually_has_status("e1", "success"));
  EXPECT_EQ(world.find("e1").attempts, 2);
}

TEST_F(deliveries, a_result_is_kept_until_the_store_takes_it) {
  world.away("record_attempts", true);
  add_webhook("e1");
  engine();
  ASSERT_TRUE(eventually_has_status("e1", "delivering"));
  world.away("record_attempts", false);
  EXPECT_TRUE(eventually_has_status("e1", "success"));
  EXPECT_EQ(sender.requests.size(), 1u) << "it must not be sent again";
}

TEST_F(deliveries, work_begun_is_finished_by_a_drain_and_none_is_begun_after) {
  add_webhook("e1");
  engine();
  ASSERT_TRUE(eventually_has_status("e1", "success"));
  EXPECT_TRUE(engine().drain(std::chrono::seconds{5}));
}

} // namespace
} // namespace cued::test
