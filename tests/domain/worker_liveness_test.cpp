#include "domain/worker_liveness.hpp"

#include <gtest/gtest.h>

using namespace cued;
using namespace std::chrono_literals;

TEST(worker_liveness, a_worker_is_active_below_180_seconds_and_dead_from_900_on) {
  EXPECT_EQ(heartbeat_status(0), "active");
  EXPECT_EQ(heartbeat_status(179), "active");
  EXPECT_EQ(heartbeat_status(180), "stale");
  EXPECT_EQ(heartbeat_status(899), "stale");
  EXPECT_EQ(heartbeat_status(900), "dead");
}

TEST(worker_liveness, a_heartbeat_from_the_future_is_active) { EXPECT_EQ(heartbeat_status(-5), "active"); }

TEST(worker_liveness, seconds_are_truncated_toward_zero) {
  const instant now{1'000'000s};
  EXPECT_EQ(seconds_since(now - 1999ms, now), 1);
  EXPECT_EQ(seconds_since(now + 1999ms, now), -1);
  EXPECT_EQ(seconds_since(now, now), 0);
}
