#include "tests/actors/engine_fixture.hpp"

namespace cued::test {
namespace {

using namespace std::chrono_literals;

class turned_clock final : public time_source {
public:
  [[nodiscard]] instant now() const override { return wall_clock{}.now() + ahead.load(); }
  std::atomic<std::chrono::seconds> ahead{0s};
};

class silent_workers : public engine_test {
protected:
  /// Sweeps that begin from now on.
  bool sweeps(std::size_t count) {
    const auto before = seen([](memory_world& w) { return w.sweeps; });
    return world.eventually([&](memory_world& w) { return w.sweeps >= before + count; });
  }
  std::size_t looks() {
    return seen([](memory_world& w) { return w.looks_for_silent_workers; });
  }
  template <class What>
  std::size_t seen(What what) {
    std::size_t out = 0;
    EXPECT_TRUE(world.eventually([&](memory_world& w) {
      out = what(w);
      return true;
    }));
    return out;
  }

  turned_clock turned_;
  actors::actor_engine engine_{settings(), world.makers(), sender, post, turned_, registry, pulse, nullptr};
};

TEST_F(silent_workers, are_not_looked_for_in_the_first_five_minutes_for_they_may_not_have_been_heard) {
  ASSERT_TRUE(sweeps(2));
  EXPECT_EQ(looks(), 0u);
  turned_.ahead = 301s;
  EXPECT_TRUE(world.eventually([](memory_world& w) { return w.looks_for_silent_workers > 0; }));
}

TEST_F(silent_workers, get_five_more_minutes_after_the_database_was_away) {
  ASSERT_TRUE(sweeps(1));
  turned_.ahead = 301s;
  ASSERT_TRUE(world.eventually([](memory_world& w) { return w.looks_for_silent_workers > 0; }));
  world.away("miss_unclaimed", true);
  ASSERT_TRUE(sweeps(2));
  world.away("miss_unclaimed", false);
  const auto before = looks();
  ASSERT_TRUE(sweeps(2));
  EXPECT_EQ(looks(), before);
  turned_.ahead = 603s;
  EXPECT_TRUE(world.eventually([&](memory_world& w) { return w.looks_for_silent_workers > before; }));
}

} // namespace
} // namespace cued::test
