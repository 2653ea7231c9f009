#include "actors/tenant/ready_executions.hpp"

#include <gmock/gmock.h>

namespace cued::test {
namespace {

using actors::ready_executions;
using testing::ElementsAre;
using testing::IsEmpty;

instant at(int microseconds) { return instant{std::chrono::microseconds{microseconds}}; }

TEST(ready_executions, the_oldest_are_taken_first_and_are_gone_then) {
  ready_executions ready;
  for (const int n : {3, 1, 4, 2})
    ready.add({at(n), "e" + std::to_string(n)});
  EXPECT_THAT(ready.take(3), ElementsAre("e1", "e2", "e3"));
  EXPECT_THAT(ready.take(3), ElementsAre("e4"));
  EXPECT_THAT(ready.take(3), IsEmpty());
  EXPECT_TRUE(ready.empty());
}

TEST(ready_executions, one_that_is_added_twice_is_there_once) {
  ready_executions ready;
  ready.add({at(1), "e1"});
  ready.add({at(1), "e1"});
  EXPECT_EQ(ready.size(), 1u);
  ready.remove("e1");
  EXPECT_TRUE(ready.empty());
}

TEST(ready_executions, what_is_removed_is_not_taken_and_may_come_again) {
  ready_executions ready;
  ready.add({at(1), "e1"});
  ready.add({at(2), "e2"});
  ready.remove("e1");
  ready.remove("unknown");
  EXPECT_THAT(ready.take(5), ElementsAre("e2"));
  ready.add({at(1), "e1"});
  EXPECT_THAT(ready.take(5), ElementsAre("e1"));
}

TEST(ready_executions, knows_whether_an_instant_is_beyond_its_end) {
  ready_executions ready;
  EXPECT_TRUE(ready.all_before(at(0)));
  ready.add({at(5), "e5"});
  EXPECT_TRUE(ready.all_before(at(6)));
  EXPECT_FALSE(ready.all_before(at(5)));
}

} // namespace
} // namespace cued::test
