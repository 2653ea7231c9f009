#include "domain/placement.hpp"
#include "tests/actors/engine_fixture.hpp"

namespace cued::test {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t own_epoch = 1, other_epoch = 2;

/// One node of two; the other one exists only on the roster, so it never fires anything. Which came first is told by
/// the numbers of the executions.
class shared_clock : public engine_test {
protected:
  shared_clock() { seat.write(own_epoch, {own_epoch, other_epoch}, 2); }

  actors::engine_settings settings() override {
    auto s = engine_test::settings();
    s.shards = 1;
    s.poll_interval = 60s; // so that a look at the horizon is no accident
    s.seat = &seat;
    return s;
  }

  static std::string cue_of(std::int64_t epoch, int n) {
    auto id = "cue_" + std::to_string(n);
    while (node_in_charge(id, std::vector{own_epoch, other_epoch}) != epoch)
      id += "x";
    return id;
  }

  std::string add_cue(std::int64_t epoch, int n, instant when) {
    memory_world::cue c;
    c.armed = {cue_of(epoch, n), when, false, "", "UTC"};
    c.user_id = "ann";
    world.add(c);
    return c.armed.cue_id;
  }

  bool eventually_fired(std::size_t cues) {
    return world.eventually([cues](memory_world& w) { return w.firings.size() == cues; });
  }

  int turn_of(const std::string& cue_id) {
    return std::stoi(world.of_cue(cue_id).at(0).id.substr(std::string{"execution-"}.size()));
  }

  persistence::node_seat seat;
};

TEST_F(shared_clock, a_node_fires_its_own_cues_and_later_what_the_other_did_not) {
  const auto due = clock.now() + 500ms;
  std::vector<std::string> own, others;
  for (int n = 0; n < 20; ++n) {
    own.push_back(add_cue(own_epoch, n, due));
    others.push_back(add_cue(other_epoch, n, due));
  }
  engine();
  ASSERT_TRUE(eventually_fired(40));
  for (const auto& mine : own)
    for (const auto& foreign : others)
      EXPECT_LT(turn_of(mine), turn_of(foreign));
}

TEST_F(shared_clock, a_node_fires_what_it_is_told_of_whosever_it_is) {
  engine();
  ASSERT_TRUE(world.eventually([](memory_world& w) { return w.looks > 0; }));
  const auto due = clock.now() + 500ms;
  const auto untold = add_cue(other_epoch, 1, due);
  const auto told = add_cue(other_epoch, 2, due);
  engine().cue_changed(told);
  ASSERT_TRUE(eventually_fired(2));
  EXPECT_LT(turn_of(told), turn_of(untold));
}

TEST_F(shared_clock, when_the_other_node_goes_its_cues_are_read_at_once) {
  engine();
  ASSERT_TRUE(world.eventually([](memory_world& w) { return w.looks > 0; }));
  add_cue(other_epoch, 1, clock.now());
  seat.write(own_epoch, {own_epoch}, 1); // alone, it looks for nothing that others left
  EXPECT_TRUE(eventually_fired(1));
}

TEST_F(shared_clock, after_a_new_beginning_everything_is_read_anew) {
  const auto cue = add_cue(own_epoch, 1, clock.now() + 1h);
  engine();
  ASSERT_TRUE(world.eventually([](memory_world& w) { return w.looks > 0; }));
  {
    const std::lock_guard lock{world.mutex};
    world.cues.at(cue).armed.next_run = clock.now();
  }
  seat.write(other_epoch + 1, {other_epoch + 1}, 1);
  EXPECT_TRUE(eventually_fired(1));
}

} // namespace
} // namespace cued::test
