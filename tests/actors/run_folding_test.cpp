#include "tests/actors/engine_fixture.hpp"

namespace cued::test {
namespace {

using namespace std::chrono_literals;

class clock_that_is_turned final : public time_source {
public:
  [[nodiscard]] instant now() const override { return wall_clock{}.now() + ahead.load(); }
  std::atomic<std::chrono::seconds> ahead{0s};
};

class run_folding : public engine_test {
protected:
  bool folds(std::size_t count) {
    return world.eventually([&](memory_world& w) { return w.folds >= count; });
  }

  clock_that_is_turned clock_;
  actors::actor_engine engine_{settings(), world.makers(), sender, post, clock_, registry, pulse, nullptr};
};

TEST_F(run_folding, happens_at_the_start_and_every_ten_seconds) {
  ASSERT_TRUE(folds(1));
  clock_.ahead = 11s;
  ASSERT_TRUE(folds(2));
  clock_.ahead = 22s;
  EXPECT_TRUE(folds(3));
}

TEST_F(run_folding, goes_on_when_the_database_is_back) {
  ASSERT_TRUE(folds(1));
  world.away("fold_runs", true);
  clock_.ahead = 11s;
  ASSERT_TRUE(folds(2));
  world.away("fold_runs", false);
  clock_.ahead = 22s;
  EXPECT_TRUE(folds(3));
}

} // namespace
} // namespace cued::test
