#include "bench/growth/multitude.hpp"

#include <gtest/gtest.h>

namespace cued::bench {
namespace {

TEST(multitude, cues_of_the_crowd_are_called_as_the_database_calls_them) {
  EXPECT_EQ(crowd_cue_id(0), "cue_000000000000");
  EXPECT_EQ(crowd_cue_id(255), "cue_0000000000ff");
  EXPECT_EQ(crowd_cue_id(10'000'000), "cue_000000989680");
}

} // namespace
} // namespace cued::bench
