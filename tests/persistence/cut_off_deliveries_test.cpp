#include "persistence/cut_off_deliveries.hpp"

#include "tests/persistence/execution_rows.hpp"

namespace cued::test {
namespace {

using persistence::hand_back_cut_off;

class cut_off_deliveries : public execution_test {};

TEST_F(cut_off_deliveries, are_due_again_at_once_as_the_same_attempt) {
  add_cue("cue_1");
  const auto e = add_execution(1, "cue_1", {{"status", "'delivering'"}, {"attempts", "2"}});
  EXPECT_EQ(hand_back_cut_off(link_, {{e, 3}}, wall_clock{}.now()).value(), 1u);
  EXPECT_EQ(column(1, "status"), "retrying");
  EXPECT_EQ(column(1, "attempts"), "2");
  EXPECT_EQ(column(1, "next_retry <= clock_timestamp()"), "t");
  EXPECT_EQ(column(1, "error_message"), "The attempt was cut off by the end of the server, and is made again");
}

TEST_F(cut_off_deliveries, change_nothing_that_others_have_decided_since) {
  add_cue("cue_1");
  const auto recorded = add_execution(1, "cue_1", {{"status", "'success'"}, {"attempts", "1"}});
  const auto taken_over = add_execution(2, "cue_1", {{"status", "'delivering'"}, {"attempts", "1"}});
  const auto ours = add_execution(3, "cue_1", {{"status", "'delivering'"}, {"attempts", "0"}});
  EXPECT_EQ(hand_back_cut_off(link_, {{recorded, 1}, {taken_over, 1}, {ours, 1}}, wall_clock{}.now()).value(), 1u);
  EXPECT_EQ(column(1, "status"), "success");
  EXPECT_EQ(column(2, "status"), "delivering");
  EXPECT_EQ(column(3, "status"), "retrying");
}

} // namespace
} // namespace cued::test
