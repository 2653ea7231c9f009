#include "http/client/name_resolver.hpp"

#include <atomic>
#include <condition_variable>
#include <future>
#include <latch>
#include <mutex>
#include <set>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

namespace cued::http::client {

using namespace std::chrono_literals;

namespace {

constexpr auto long_enough = 60s; // a limit that a test never reaches

addresses one_address(const char* text) { return {boost::asio::ip::make_address(text)}; }

/// Look-ups that stay unanswered until they are let go.
class stuck_names {
public:
  result<addresses> look_up(const std::string& host) {
    std::unique_lock lock{mutex_};
    ++running_;
    seen_.push_back(host);
    changed_.notify_all();
    changed_.wait(lock, [&] { return let_go_.contains(host) || all_let_go_; });
    --running_;
    return one_address("192.0.2.1");
  }
  void let_go(const std::string& host) {
    const std::lock_guard lock{mutex_};
    let_go_.insert(host);
    changed_.notify_all();
  }
  void let_all_go() {
    const std::lock_guard lock{mutex_};
    all_let_go_ = true;
    changed_.notify_all();
  }
  void wait_until_seen(std::size_t count) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return seen_.size() >= count; });
  }
  std::vector<std::string> seen() {
    const std::lock_guard lock{mutex_};
    return seen_;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> seen_;
  std::set<std::string> let_go_;
  std::size_t running_ = 0;
  bool all_let_go_ = false;
};

class name_resolver_with_stuck_names : public testing::Test {
protected:
  // Look-ups may outlive the resolver, so they share what they use.
  std::shared_ptr<stuck_names> names = std::make_shared<stuck_names>();

  name_resolver::lookup look_up() {
    return [shared = names](const std::string& host) { return shared->look_up(host); };
  }
  ~name_resolver_with_stuck_names() override { names->let_all_go(); }
};

std::future<result<addresses>> ask_for(name_resolver& resolver, const std::string& host, const std::string& tenant,
                                       std::chrono::milliseconds limit = long_enough) {
  auto promise = std::make_shared<std::promise<result<addresses>>>();
  auto answer = promise->get_future();
  resolver.resolve(host, tenant, limit, actors::reply<addresses>{[promise](result<addresses> found) {
                     promise->set_value(std::move(found));
                   }});
  return answer;
}

} // namespace

TEST(name_resolver, the_system_knows_localhost_and_numeric_addresses) {
  name_resolver resolver;
  const auto local = ask_for(resolver, "localhost", "a").get();
  ASSERT_TRUE(local.has_value());
  for (const auto& address : *local)
    EXPECT_TRUE(address.is_loopback()) << address;
  EXPECT_EQ(ask_for(resolver, "2130706433", "a").get().value(), one_address("127.0.0.1"));
  EXPECT_EQ(ask_for(resolver, "::1", "a").get().value(), one_address("::1"));
}

TEST(name_resolver, a_name_that_does_not_exist_is_an_error_of_the_caller) {
  name_resolver resolver;
  const auto answer = ask_for(resolver, std::string(300, 'a'), "a").get();
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().status, 400);
  EXPECT_EQ(answer.error().code, "unresolvable_host");
}

TEST(name_resolver, a_coroutine_is_resumed_with_the_answer) {
  name_resolver resolver{{}, [](const std::string&) -> result<addresses> { return one_address("192.0.2.7"); }};
  boost::asio::io_context loop;
  auto answer = boost::asio::co_spawn(loop, resolver.addresses_of("h", "a"), boost::asio::use_future);
  loop.run();
  EXPECT_EQ(answer.get().value(), one_address("192.0.2.7"));
}

TEST(name_resolver, answers_are_remembered_for_a_while_but_not_failures) {
  std::atomic<int> calls = 0;
  const auto count = [&](const std::string& host) -> result<addresses> {
    ++calls;
    if (host == "bad")
      return fail(400, "unresolvable_host", "no");
    return one_address("192.0.2.1");
  };
  name_resolver::options remembering;
  remembering.cached_for = long_enough;
  name_resolver resolver{remembering, count};
  EXPECT_TRUE(ask_for(resolver, "good", "a").get().has_value());
  EXPECT_TRUE(ask_for(resolver, "good", "b").get().has_value());
  EXPECT_EQ(calls, 1);
  EXPECT_FALSE(ask_for(resolver, "bad", "a").get().has_value());
  EXPECT_FALSE(ask_for(resolver, "bad", "a").get().has_value());
  EXPECT_EQ(calls, 3);

  name_resolver::options forgetful;
  forgetful.cached_for = 0ms;
  name_resolver fresh{forgetful, count};
  EXPECT_TRUE(ask_for(fresh, "good", "a").get().has_value());
  EXPECT_TRUE(ask_for(fresh, "good", "a").get().has_value());
  EXPECT_EQ(calls, 5);
}

TEST_F(name_resolver_with_stuck_names, questions_about_one_name_share_a_look_up) {
  name_resolver resolver{{}, look_up()};
  auto first = ask_for(resolver, "slow", "a");
  auto second = ask_for(resolver, "slow", "b");
  names->wait_until_seen(1);
  names->let_go("slow");
  EXPECT_TRUE(first.get().has_value());
  EXPECT_TRUE(second.get().has_value());
  EXPECT_EQ(names->seen(), std::vector<std::string>{"slow"});
}

TEST_F(name_resolver_with_stuck_names, a_question_is_answered_when_its_time_is_up_whatever_the_look_up_does) {
  name_resolver resolver{{}, look_up()};
  auto patient = ask_for(resolver, "slow", "a");
  auto hasty = ask_for(resolver, "slow", "a", 1ms);
  const auto late = hasty.get();
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().code, "unresolvable_host");
  names->let_go("slow");
  EXPECT_TRUE(patient.get().has_value());
}

TEST_F(name_resolver_with_stuck_names, a_tenant_with_dead_name_servers_does_not_hold_up_the_others) {
  name_resolver::options small;
  small.threads = 3;
  small.parallel_per_tenant = 2;
  name_resolver resolver{small, look_up()};
  std::vector<std::future<result<addresses>>> hostile;
  for (int i = 0; i < 10; ++i)
    hostile.push_back(ask_for(resolver, "dead" + std::to_string(i), "hostile"));
  names->wait_until_seen(2);
  names->let_go("good");
  EXPECT_TRUE(ask_for(resolver, "good", "other").get().has_value());
  EXPECT_EQ(names->seen().size(), 3u); // two of the hostile ones, and the good one
  names->let_all_go();
  for (auto& answer : hostile)
    EXPECT_TRUE(answer.get().has_value());
}

TEST_F(name_resolver_with_stuck_names, a_question_nobody_waits_for_any_more_is_not_looked_up) {
  name_resolver::options single;
  single.threads = 1;
  name_resolver resolver{single, look_up()};
  auto blocking = ask_for(resolver, "slow", "a");
  names->wait_until_seen(1);
  EXPECT_FALSE(ask_for(resolver, "abandoned", "a", 1ms).get().has_value());
  auto next = ask_for(resolver, "next", "a");
  names->let_all_go();
  EXPECT_TRUE(blocking.get().has_value());
  EXPECT_TRUE(next.get().has_value());
  EXPECT_EQ(names->seen(), (std::vector<std::string>{"slow", "next"}));
}

TEST_F(name_resolver_with_stuck_names, when_too_many_wait_the_next_is_told_at_once) {
  name_resolver::options small;
  small.waiting_limit = 1;
  name_resolver resolver{small, look_up()};
  auto first = ask_for(resolver, "slow", "a");
  const auto refused = ask_for(resolver, "other", "a").get();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().status, 503);
  names->let_all_go();
  EXPECT_TRUE(first.get().has_value());
}

TEST_F(name_resolver_with_stuck_names, destruction_answers_everybody_and_does_not_wait_for_stuck_look_ups) {
  auto resolver = std::make_unique<name_resolver>(name_resolver::options{}, look_up());
  auto running = ask_for(*resolver, "slow", "a");
  names->wait_until_seen(1);
  resolver.reset();
  const auto answer = running.get();
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().status, 503);
}

} // namespace cued::http::client
