#include "persistence/redis/redis_client.hpp"

#include <future>

#include <gtest/gtest.h>

#include "config/redis_url.hpp"
#include "tests/persistence/redis/private_redis.hpp"

namespace cued::test {
namespace {

using persistence::redis_client;
using persistence::redis_reply;

constexpr std::chrono::seconds deadline{30};

result<redis_reply> ask(redis_client& redis, redis_client::command what) {
  const auto answer = std::make_shared<std::promise<result<redis_reply>>>();
  auto given = answer->get_future();
  redis.ask(std::move(what), [answer](result<redis_reply> r) { answer->set_value(std::move(r)); });
  if (given.wait_for(deadline) != std::future_status::ready)
    return fail(500, "no_answer", "a question was never answered");
  return given.get();
}

/// Asks until the answer is of that kind. Questions are refused at once while Redis is away, so this asks often.
bool eventually(redis_client& redis, bool answered) {
  const auto until = std::chrono::steady_clock::now() + deadline;
  while (ask(redis, {"PING"}).has_value() != answered) {
    if (std::chrono::steady_clock::now() > until)
      return false;
    std::this_thread::yield();
  }
  return true;
}

class a_redis_client : public testing::Test {
protected:
  private_redis server;
};

TEST_F(a_redis_client, reads_every_kind_of_answer) {
  redis_client redis{server.settings()};
  EXPECT_EQ(ask(redis, {"SET", "a", "some text"})->text, "OK");
  EXPECT_EQ(ask(redis, {"GET", "a"})->text, "some text");
  EXPECT_EQ(ask(redis, {"GET", "nobody"})->what, redis_reply::kind::nothing);
  EXPECT_EQ(ask(redis, {"INCR", "n"})->integer, 1);
  const auto list = ask(redis, {"MGET", "a", "nobody"});
  ASSERT_EQ(list->elements.size(), 2u);
  EXPECT_EQ(list->elements[0].text, "some text");
  EXPECT_EQ(list->elements[1].what, redis_reply::kind::nothing);
}

TEST_F(a_redis_client, keeps_the_order_and_bytes_of_what_it_was_told) {
  redis_client redis{server.settings()};
  const std::string bytes{"\0 \r\n$3 \xff", 8};
  for (int i = 0; i < 1'000; ++i)
    redis.send({"RPUSH", "list", std::to_string(i)});
  redis.send({"RPUSH", "list", bytes});
  const auto list = ask(redis, {"LRANGE", "list", "0", "-1"});
  ASSERT_EQ(list->elements.size(), 1'001u);
  EXPECT_EQ(list->elements[0].text, "0");
  EXPECT_EQ(list->elements[999].text, "999");
  EXPECT_EQ(list->elements[1'000].text, bytes);
}

TEST_F(a_redis_client, tells_an_error_of_redis_and_goes_on) {
  std::atomic<int> errors{0};
  auto settings = server.settings();
  settings.on_error = [&errors] { ++errors; };
  redis_client redis{settings};
  ASSERT_TRUE(ask(redis, {"SET", "a", "text"}));
  const auto refused = ask(redis, {"INCR", "a"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 502);
  EXPECT_EQ(errors, 1);
  EXPECT_TRUE(redis.available());
  EXPECT_EQ(ask(redis, {"GET", "a"})->text, "text");
}

TEST_F(a_redis_client, does_commands_together) {
  redis_client redis{server.settings()};
  const auto answer = redis.ask_together_and_wait({{"SET", "n", "0", "EX", "60", "NX"}, {"INCR", "n"}});
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->elements.size(), 2u);
  EXPECT_EQ(answer->elements[1].integer, 1);
  EXPECT_GT(ask(redis, {"TTL", "n"})->integer, 0);
}

TEST_F(a_redis_client, logs_in_and_selects_its_database) {
  auto settings = server.settings();
  settings.address = config::read_redis_url("unix://ann:a%25b@" + server.socket() + "?db=3").value();
  redis_client third{settings}, none{server.settings()};
  ASSERT_TRUE(ask(third, {"SET", "a", "1"}));
  EXPECT_EQ(ask(third, {"ACL", "WHOAMI"})->text, "ann");
  EXPECT_EQ(ask(none, {"GET", "a"})->what, redis_reply::kind::nothing);
}

TEST_F(a_redis_client, is_away_with_a_wrong_password) {
  auto settings = server.settings();
  settings.address.user = "ann";
  settings.address.password = "guessed";
  redis_client redis{settings};
  EXPECT_FALSE(ask(redis, {"PING"}));
  EXPECT_FALSE(redis.available());
}

TEST_F(a_redis_client, refuses_while_redis_is_away_and_comes_back_by_itself) {
  std::atomic<int> errors{0};
  auto settings = server.settings();
  settings.on_error = [&errors] { ++errors; };
  redis_client redis{settings};
  ASSERT_TRUE(ask(redis, {"SET", "a", "1"}));
  server.kill();
  ASSERT_TRUE(eventually(redis, false));
  EXPECT_FALSE(redis.available());
  EXPECT_EQ(ask(redis, {"GET", "a"}).error().status, 503);
  EXPECT_GE(errors, 2);
  server.start();
  ASSERT_TRUE(eventually(redis, true));
  EXPECT_TRUE(redis.available());
  EXPECT_EQ(ask(redis, {"GET", "a"})->what, redis_reply::kind::nothing);
}

TEST_F(a_redis_client, gives_up_on_a_redis_that_does_not_answer) {
  auto settings = server.settings();
  settings.timeout = std::chrono::milliseconds{50};
  redis_client redis{settings};
  ASSERT_TRUE(ask(redis, {"PING"}));
  server.freeze();
  EXPECT_EQ(ask(redis, {"GET", "a"}).error().status, 503);
  server.thaw();
  EXPECT_TRUE(eventually(redis, true));
}

TEST_F(a_redis_client, sends_what_is_queued_before_it_ends) {
  {
    redis_client redis{server.settings()};
    redis.send({"SET", "last", "words"});
  }
  redis_client after{server.settings()};
  EXPECT_EQ(ask(after, {"GET", "last"})->text, "words");
}

TEST(a_redis_client_without_redis, answers_every_question_once_even_at_its_end) {
  std::atomic<int> answers{0};
  {
    persistence::redis_settings settings;
    settings.address.socket_path = "/nonexistent/redis.sock";
    settings.queue_limit = 2;
    redis_client redis{settings};
    for (int i = 0; i < 100; ++i)
      redis.ask({"PING"}, [&](const result<redis_reply>& r) { answers += r ? 1'000 : 1; });
  }
  EXPECT_EQ(answers, 100);
}

} // namespace
} // namespace cued::test
