#include "actors/fair_queue.hpp"

#include <gmock/gmock.h>

namespace cued::test {
namespace {

using actors::fair_queue;
using testing::ElementsAre;

TEST(fair_queue, is_first_in_first_out_for_one_tenant) {
  fair_queue<int> q;
  for (int i = 1; i <= 3; ++i)
    q.push("ann", i);
  EXPECT_THAT(q.take(10), ElementsAre(1, 2, 3));
  EXPECT_TRUE(q.empty());
}

TEST(fair_queue, a_tenant_with_much_does_not_hold_up_one_with_little) {
  fair_queue<int> q;
  for (int i = 0; i < 1000; ++i)
    q.push("ann", i);
  q.push("bob", -1);
  EXPECT_THAT(q.take(3), ElementsAre(0, -1, 1));
}

TEST(fair_queue, who_may_have_none_keeps_his_place) {
  fair_queue<int> q;
  q.push("ann", 1);
  q.push("bob", 2);
  EXPECT_THAT(q.take(10, [](const std::string& tenant) { return tenant != "ann"; }), ElementsAre(2));
  EXPECT_EQ(q.size(), 1u);
  EXPECT_THAT(q.take(10), ElementsAre(1));
}

TEST(fair_queue, asking_when_nobody_may_have_anything_comes_to_an_end) {
  fair_queue<int> q;
  q.push("ann", 1);
  q.push("bob", 2);
  EXPECT_THAT(q.take(10, [](const std::string&) { return false; }), ElementsAre());
  EXPECT_EQ(q.size(), 2u);
}

} // namespace
} // namespace cued::test
