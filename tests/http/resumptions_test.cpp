#include "http/resumptions.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

#include "http/waiting.hpp"

namespace cued::test {
namespace {

namespace asio = boost::asio;

struct counting_resumption final : http::resumption {
  explicit counting_resumption(int& n) : resumed{n} {}
  void resume() override { ++resumed; }
  int& resumed;
};

TEST(resumptions, the_answers_of_a_batch_cost_their_thread_one_turn) {
  asio::io_context loop;
  int resumed = 0;
  {
    const actors::answering_together batch;
    for (int i = 0; i < 10; ++i)
      http::resumptions::of(loop)->put(std::make_shared<counting_resumption>(resumed));
    EXPECT_EQ(loop.poll(), 0u);
    loop.restart();
  }
  EXPECT_EQ(loop.poll(), 1u);
  EXPECT_EQ(resumed, 10);
}

TEST(resumptions, who_comes_after_a_turn_gets_another) {
  asio::io_context loop;
  int resumed = 0;
  for (int turn = 1; turn <= 3; ++turn) {
    http::resumptions::of(loop)->put(std::make_shared<counting_resumption>(resumed));
    EXPECT_EQ(loop.poll(), 1u);
    EXPECT_EQ(resumed, turn);
    loop.restart();
  }
}

using held_reply = std::optional<actors::reply<int>>;

asio::awaitable<void> wait_for_answer(held_reply& held, std::optional<result<int>>& told) {
  told = co_await http::ask<int>([&](auto reply) { held = std::move(reply); });
}

TEST(resumptions, a_coroutine_gets_the_answer_of_whoever_it_asked) {
  asio::io_context loop;
  held_reply held;
  std::optional<result<int>> told;
  asio::co_spawn(loop, wait_for_answer(held, told), asio::detached);
  loop.poll();
  ASSERT_TRUE(held);
  (*held)(7);
  (*held)(8); // the first counts
  held.reset();
  loop.run(); // the waiting coroutine keeps it going
  ASSERT_TRUE(told && *told);
  EXPECT_EQ(**told, 7);
}

TEST(resumptions, a_coroutine_whose_question_is_dropped_gets_503) {
  asio::io_context loop;
  held_reply held;
  std::optional<result<int>> told;
  asio::co_spawn(loop, wait_for_answer(held, told), asio::detached);
  loop.poll();
  ASSERT_TRUE(held);
  held.reset();
  loop.run();
  ASSERT_TRUE(told && !*told);
  EXPECT_EQ(told->error().status, 503);
}

} // namespace
} // namespace cued::test
