#include "actors/answering_together.hpp"

#include <gtest/gtest.h>

namespace cued::test {
namespace {

using actors::answering_together;

struct counting_sleeper final : actors::sleeper {
  void wake() override { ++woken; }
  int woken = 0;
};

TEST(answering_together, an_answer_outside_a_batch_wakes_at_once) {
  const auto thread = std::make_shared<counting_sleeper>();
  answering_together::wake(thread);
  EXPECT_EQ(thread->woken, 1);
}

TEST(answering_together, the_answers_of_a_batch_wake_at_its_end) {
  const auto first = std::make_shared<counting_sleeper>(), second = std::make_shared<counting_sleeper>();
  {
    const answering_together batch;
    answering_together::wake(first);
    answering_together::wake(second);
    EXPECT_EQ(first->woken, 0);
    EXPECT_EQ(second->woken, 0);
  }
  EXPECT_EQ(first->woken, 1);
  EXPECT_EQ(second->woken, 1);
}

TEST(answering_together, a_batch_within_a_batch_wakes_its_own) {
  const auto outer = std::make_shared<counting_sleeper>(), inner = std::make_shared<counting_sleeper>();
  {
    const answering_together batch;
    answering_together::wake(outer);
    {
      const answering_together another;
      answering_together::wake(inner);
    }
    EXPECT_EQ(inner->woken, 1);
    EXPECT_EQ(outer->woken, 0);
  }
  EXPECT_EQ(outer->woken, 1);
}

} // namespace
} // namespace cued::test
