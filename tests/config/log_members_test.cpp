#include "config/log_members.hpp"

#include <gtest/gtest.h>

namespace cued::config {

TEST(log_members, a_plain_message_is_one_member) {
  EXPECT_EQ(json_members("stopping"), R"("message":"stopping")");
  EXPECT_EQ(json_members("say \"no\"\n"), R"("message":"say \"no\"\n")");
  EXPECT_EQ(json_members("first this; then that"), R"("message":"first this; then that")");
}

TEST(log_members, what_is_named_at_the_end_becomes_members) {
  EXPECT_EQ(json_members("request answered; request_id=7 status=200"),
            R"("message":"request answered","request_id":"7","status":"200")");
  EXPECT_EQ(json_members("a; b; cue_id=cue_1"), R"("message":"a; b","cue_id":"cue_1")");
}

TEST(log_members, what_is_not_known_is_left_out) {
  EXPECT_EQ(json_members("answered; request_id=7 user_id= status=200"),
            R"("message":"answered","request_id":"7","status":"200")");
}

TEST(log_members, nobody_can_say_a_member_twice_or_one_that_every_line_has) {
  EXPECT_EQ(json_members("x; user_id=1 user_id=2"), R"("message":"x; user_id=1 user_id=2")");
  EXPECT_EQ(json_members("x; level=error"), R"("message":"x; level=error")");
}

} // namespace cued::config
