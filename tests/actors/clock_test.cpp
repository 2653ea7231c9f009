#include "actors/directory.hpp"
#include "tests/actors/engine_fixture.hpp"

namespace cued::test {
namespace {

using namespace std::chrono_literals;

class clocks : public engine_test {
protected:
  void add_cue(const std::string& id, instant when, std::string cron = "", bool webhook = true,
               std::optional<std::string> catch_up = std::nullopt) {
    memory_world::cue c;
    c.armed = {id, when, !cron.empty(), std::move(cron), "UTC", std::move(catch_up)};
    c.user_id = "ann";
    c.webhook = webhook;
    world.add(c);
  }
};

TEST_F(clocks, a_cue_fires_once_and_not_before_its_instant) {
  for (int i = 0; i < 50; ++i)
    add_cue("cue_" + std::to_string(i), clock.now() + 200ms + i * 5ms);
  engine();
  ASSERT_TRUE(world.eventually([](memory_world& w) { return w.firings.size() == 50; }));
  for (const auto& [scheduled, fired] : world.firings)
    EXPECT_GE(fired, scheduled);
  EXPECT_EQ(world.count(), 50u);
}

TEST_F(clocks, a_webhook_is_taken_for_delivery_by_what_fires_it) {
  for (int i = 0; i < 20; ++i)
    add_cue("cue_" + std::to_string(i), clock.now() + 200ms + i * 5ms);
  engine();
  ASSERT_TRUE(world.eventually([](memory_world& w) {
    return w.executions.size() == 20 &&
           std::ranges::all_of(w.executions, [](const auto& e) { return e.second.status == "success"; });
  }));
  const std::scoped_lock lock{world.mutex, sender.mutex};
  EXPECT_EQ(world.start_statements, 0u);
  EXPECT_EQ(sender.requests.size(), 20u);
}

TEST_F(clocks, a_webhook_waits_behind_those_that_wait_already) {
  world.away("start", true);
  for (int i = 0; i < 20; ++i) { // some for each shard
    memory_world::execution e;
    e.id = "e" + std::to_string(i);
    e.user_id = "ann";
    e.webhook = true;
    e.scheduled_for = clock.now();
    world.add(e);
    engine().execution_created("ann", e.id, true, clock.now());
  }
  add_cue("cue_1", clock.now() + 1s);
  ASSERT_TRUE(world.eventually([](memory_world& w) { return w.firings.size() == 1; }));
  EXPECT_EQ(world.of_cue("cue_1").at(0).status, "pending");
  world.away("start", false);
  EXPECT_TRUE(world.eventually([](memory_world& w) {
    return std::ranges::all_of(w.executions, [](const auto& e) { return e.second.status == "success"; });
  }));
}

/// One seat for each tenant, and no sweep that would find what was forgotten.
class clocks_beside_few_seats : public clocks {
protected:
  actors::engine_settings settings() override {
    auto s = clocks::settings();
    s.shards = 1;
    s.webhooks_in_flight = 2;
    s.webhooks_in_flight_per_tenant = 1;
    s.poll_interval = 60s;
    return s;
  }
};

TEST_F(clocks_beside_few_seats, give_a_seat_that_they_did_not_need_to_whoever_waits_for_it) {
  world.inject("fire", memory_world::fault_kind::hangs_before);
  add_cue("cue_1", clock.now() + 100ms);
  engine();
  ASSERT_TRUE(world.eventually([](memory_world& w) { return w.hanging == 1; }));
  memory_world::execution waits;
  waits.id = "e1";
  waits.user_id = "ann";
  waits.webhook = true;
  waits.scheduled_for = clock.now();
  world.add(waits);
  engine().execution_created("ann", "e1", true, clock.now());
  {
    const std::lock_guard lock{world.mutex};
    world.cues.clear(); // so that nothing is fired
  }
  world.release();
  EXPECT_TRUE(world.eventually([](memory_world& w) { return w.executions.at("e1").status == "success"; }));
}

TEST_F(clocks, what_a_firing_in_doubt_took_is_sent_once) {
  add_cue("cue_1", clock.now() + 200ms);
  world.inject("fire", memory_world::fault_kind::in_doubt);
  engine();
  ASSERT_TRUE(world.eventually(
      [](memory_world& w) { return w.executions.size() == 1 && w.executions.begin()->second.status == "success"; }));
  EXPECT_EQ(world.of_cue("cue_1").at(0).attempts, 1);
  const std::lock_guard lock{sender.mutex};
  EXPECT_EQ(sender.requests.size(), 1u);
}

TEST_F(clocks, a_long_horizon_is_read_in_pages_and_to_its_end) {
  constexpr int cues = 3'000;
  for (int i = 0; i < cues; ++i)
    add_cue("cue_" + std::to_string(i), clock.now() + 1s);
  engine();
  ASSERT_TRUE(world.eventually([](memory_world& w) { return w.firings.size() == cues; }));
  EXPECT_EQ(world.count(), static_cast<std::size_t>(cues));
  const std::lock_guard lock{world.mutex};
  EXPECT_LT(world.longest_look, 1'000u);
}

TEST_F(clocks, a_cue_that_is_told_of_fires_without_waiting_for_the_next_look) {
  engine();
  ASSERT_TRUE(world.eventually([](memory_world& w) { return w.looks > 0; }));
  add_cue("cue_new", clock.now() + 50ms);
  engine().cue_changed("cue_new");
  EXPECT_TRUE(world.eventually([](memory_world& w) { return w.firings.size() == 1; }));
}

TEST_F(clocks, a_cue_that_somebody_else_wrote_is_noticed) {
  engine();
  ASSERT_TRUE(world.eventually([](memory_world& w) { return w.looks > 0; }));
  add_cue("cue_foreign", clock.now());
  EXPECT_TRUE(world.eventually([](memory_world& w) { return w.firings.size() == 1; }));
}

TEST_F(clocks, a_recurring_cue_makes_each_slot_once_and_catches_up_on_those_it_missed) {
  const auto first = std::chrono::floor<std::chrono::seconds>(clock.now()) - 5s;
  add_cue("cue_every_second", first, "* * * * * *", false);
  engine();
  ASSERT_TRUE(world.eventually([](memory_world& w) { return w.firings.size() >= 7; }));
  const auto made = world.of_cue("cue_every_second");
  for (std::size_t i = 0; i < made.size(); ++i)
    EXPECT_EQ(made[i].scheduled_for, first + std::chrono::seconds{i});
}

TEST_F(clocks, what_was_missed_is_marked_and_what_is_on_time_is_not) {
  const auto first = std::chrono::floor<std::chrono::seconds>(clock.now()) - 60s;
  add_cue("cue_every_second", first, "* * * * * *", false);
  engine();
  ASSERT_TRUE(world.eventually([](memory_world& w) { return w.firings.size() > 61; }));
  const auto made = world.of_cue("cue_every_second");
  EXPECT_TRUE(made.front().backfilled);
  EXPECT_FALSE(made.back().backfilled);
}

TEST_F(clocks, of_a_long_past_only_the_newest_run_is_made_if_the_cue_wants_that) {
  const auto first = std::chrono::floor<std::chrono::seconds>(clock.now()) - 24h;
  add_cue("cue_latest", first, "* * * * * *", false, "latest");
  add_cue("cue_none", first, "0 0 1 1 * 0", false, "none"); // its next instant is far away
  engine();
  ASSERT_TRUE(world.eventually(
      [&](memory_world& w) { return w.firings.size() >= 2 && w.cues.at("cue_none").armed.next_run > first + 24h; }));
  EXPECT_TRUE(world.of_cue("cue_none").empty());
  const auto made = world.of_cue("cue_latest");
  for (std::size_t i = 0; i < made.size(); ++i)
    EXPECT_EQ(made[i].scheduled_for, made[0].scheduled_for + std::chrono::seconds{i}) << "from then on each";
  EXPECT_GT(made[0].scheduled_for, first + 23h);
}

TEST_F(clocks, a_one_time_cue_that_must_not_be_made_up_for_leaves_a_missed_execution) {
  add_cue("cue_once", clock.now() - 1h, "", true, "none");
  engine();
  ASSERT_TRUE(world.eventually([](memory_world& w) { return w.executions.size() == 1; }));
  EXPECT_EQ(world.of_cue("cue_once").at(0).status, "missed");
}

TEST_F(clocks, a_cue_with_a_long_past_does_not_keep_the_others_from_being_on_time) {
  // One clock has both, and finds both at its first look.
  const auto shards = settings().shards;
  std::string punctual = "cue_punctual";
  while (actors::directory::shard_of(punctual, shards) != actors::directory::shard_of("cue_behind", shards))
    punctual += "x";
  add_cue("cue_behind", std::chrono::floor<std::chrono::seconds>(clock.now()) - 10'000s, "* * * * * *", false);
  const auto now = clock.now();
  add_cue(punctual, now, "", false);
  engine();
  ASSERT_TRUE(world.eventually([](memory_world& w) { return w.firings.size() > 10'000; }));
  const std::lock_guard lock{world.mutex};
  EXPECT_EQ(world.firings.front().first, now);
}

TEST_F(clocks, one_cue_that_cannot_be_fired_does_not_hold_up_the_others) {
  add_cue("cue_poison", clock.now());
  for (int i = 0; i < 10; ++i)
    add_cue("cue_" + std::to_string(i), clock.now());
  engine();
  EXPECT_TRUE(world.eventually([](memory_world& w) { return w.firings.size() == 10; }));
}

TEST_F(clocks, a_cue_with_an_unreadable_schedule_fires_once_more_and_then_no_longer) {
  add_cue("cue_odd", clock.now(), "this is no cron");
  engine();
  EXPECT_TRUE(world.eventually([](memory_world& w) { return w.firings.size() == 1 && w.cues.empty(); }));
}

TEST_F(clocks, while_the_store_is_away_nothing_is_lost) {
  world.away("fire", true);
  add_cue("cue_1", clock.now());
  engine();
  ASSERT_TRUE(world.eventually([](memory_world& w) { return w.refused_firings > 0; }));
  world.away("fire", false);
  EXPECT_TRUE(world.eventually([](memory_world& w) { return w.firings.size() == 1; }));
}

TEST_F(clocks, a_fired_worker_execution_can_be_claimed_next) {
  add_cue("cue_1", clock.now(), "", false);
  engine();
  ASSERT_TRUE(world.eventually([](memory_world& w) { return w.firings.size() == 1; }));
  EXPECT_TRUE(claim("ann", "").get());
}

} // namespace
} // namespace cued::test
