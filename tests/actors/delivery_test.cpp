#include <utility>

#include "actors/directory.hpp"
#include "domain/json/value.hpp"
#include "tests/actors/engine_fixture.hpp"

namespace cued::test {
namespace {

using namespace std::chrono_literals;

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

TEST_F(deliveries, an_attempt_that_our_own_end_cuts_off_is_no_result_and_is_told_to_whoever_hands_it_back) {
  sender.answer = [](std::size_t) {
    actors::webhook_response gone;
    gone.what = actors::webhook_response::failure::cut_off;
    return gone;
  };
  add_webhook("e1");
  engine();
  EXPECT_TRUE(eventually_has_status("e1", "delivering"));
  EXPECT_TRUE(engine().drain(10s));
  const auto cut_off = engine().cut_off_deliveries();
  ASSERT_EQ(cut_off.size(), 1u);
  EXPECT_EQ(cut_off[0].execution_id, "e1");
  EXPECT_EQ(cut_off[0].attempt, 1);
  EXPECT_EQ(world.find("e1").status, "delivering");
  EXPECT_EQ(world.find("e1").attempts, 0);
  EXPECT_TRUE(engine().cut_off_deliveries().empty());
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

TEST_F(deliveries, what_makes_up_for_an_outage_does_not_hold_up_what_is_on_time) {
  // The first request of all holds its shard, and with it the sender, until the other line has formed.
  std::promise<void> go_on;
  sender.answer = [&, waited = false](std::size_t) mutable {
    if (!std::exchange(waited, true))
      go_on.get_future().wait();
    actors::webhook_response ok;
    ok.status = 200;
    return ok;
  };
  memory_world::cue behind;
  const auto missed = 400s;
  behind.armed = {"cue_behind", std::chrono::floor<std::chrono::seconds>(clock.now()) - missed, true, "* * * * * *",
                  "UTC"};
  behind.user_id = "ann";
  world.add(behind);
  engine();
  ASSERT_TRUE(world.eventually([](memory_world& w) {
    return std::ranges::any_of(w.executions, [](const auto& e) { return e.second.status == "delivering"; });
  }));
  add_webhook("punctual");
  engine().execution_created("ann", "punctual", true, clock.now());
  go_on.set_value();
  ASSERT_TRUE(eventually_has_status("punctual", "success"));
  ASSERT_TRUE(world.eventually([](memory_world& w) {
    return std::ranges::count_if(w.executions, [](const auto& e) { return e.second.status == "success"; }) > 400;
  }));

  const std::lock_guard lock{sender.mutex};
  const auto shards = settings().shards;
  std::size_t before = 0; // of the same shard
  for (const auto& request : sender.requests) {
    const auto id = json::parse(request.body)->find("execution_id")->as_string();
    if (id == "punctual")
      break;
    before += actors::directory::shard_of(id, shards) == actors::directory::shard_of("punctual", shards) ? 1 : 0;
  }
  EXPECT_LE(before, settings().webhooks_in_flight_per_tenant + 1) << "only what was on its way already";
}

TEST_F(deliveries, places_that_become_free_together_are_filled_by_one_statement) {
  constexpr std::size_t executions = 1'000;
  for (std::size_t i = 0; i < executions; ++i)
    add_webhook("e" + std::to_string(i));
  engine(); // finds them all at its first look
  ASSERT_TRUE(world.eventually([](memory_world& w) {
    return std::ranges::all_of(w.executions, [](const auto& e) { return e.second.status == "success"; });
  }));
  const std::lock_guard lock{world.mutex};
  EXPECT_LT(world.start_statements, executions / 4);
}

TEST_F(deliveries, work_begun_is_finished_by_a_drain_and_none_is_begun_after) {
  add_webhook("e1");
  engine();
  ASSERT_TRUE(eventually_has_status("e1", "success"));
  EXPECT_TRUE(engine().drain(std::chrono::seconds{5}));
}

} // namespace
} // namespace cued::test
