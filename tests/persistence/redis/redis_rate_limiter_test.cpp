#include "persistence/redis/redis_rate_limiter.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <future>
#include <map>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "security/local_rate_limiter.hpp"
#include "tests/persistence/redis/private_redis.hpp"

namespace cued::test {
namespace {

using persistence::redis_client;
using persistence::redis_rate_limiter;
using security::counter_decision;
using security::local_rate_limiter;
using security::rate_decision;
using security::rate_limiter;
using namespace std::chrono_literals;

constexpr std::chrono::seconds deadline{30};

class hand_turned_clock final : public time_source {
public:
  [[nodiscard]] instant now() const override { return instant{std::chrono::microseconds{micros_}}; }
  void advance(std::chrono::microseconds by) { micros_ += by.count(); }

private:
  std::atomic<std::int64_t> micros_{1'764'021'600'123'457}; // 2025-11-24T22:00:00.123457Z
};

/// The answer of one call, or a failed test.
template <class Decision, class Call>
Decision answer_of(const Call& call) {
  const auto answer = std::make_shared<std::promise<Decision>>();
  auto given = answer->get_future();
  call([answer](Decision d) { answer->set_value(d); });
  if (given.wait_for(deadline) != std::future_status::ready)
    throw std::runtime_error("the limiter never answered");
  return given.get();
}

rate_decision admit(rate_limiter& by, const std::string& key, int limit) {
  return answer_of<rate_decision>([&](auto done) { by.admit(key, limit, done); });
}
counter_decision count(rate_limiter& by, const std::string& key, int limit, std::chrono::seconds window) {
  return answer_of<counter_decision>([&](auto done) { by.count(key, limit, window, done); });
}
int passed(rate_limiter& by, const std::string& key) {
  return answer_of<int>([&](auto done) { by.passed(key, done); });
}

class a_redis_rate_limiter : public testing::Test {
protected:
  std::string ask(redis_client::command what) {
    const auto answer = redis_.ask_together_and_wait({std::move(what)});
    if (!answer || answer->elements.size() != 1)
      return "no answer";
    const auto& r = answer->elements[0];
    if (r.what == persistence::redis_reply::kind::list)
      return r.elements.empty() ? "" : r.elements[0].text;
    return r.what == persistence::redis_reply::kind::integer ? std::to_string(r.integer) : r.text;
  }

  /// Asks until the limiter has, or has not, decided by itself.
  bool eventually_decides_alone(bool alone) {
    const auto until = std::chrono::steady_clock::now() + deadline;
    while (std::chrono::steady_clock::now() < until) {
      const int before = fallbacks_;
      (void)admit(limiter_, "ratelimit:probe", 1'000'000);
      if ((fallbacks_ > before) == alone)
        return true;
      std::this_thread::yield();
    }
    return false;
  }

  private_redis server_;
  hand_turned_clock clock_;
  security::system_random random_;
  std::atomic<int> fallbacks_{0};
  redis_client redis_{server_.settings()};
  redis_rate_limiter limiter_{redis_, clock_, random_, {.patience = patience, .on_fallback = [this] { ++fallbacks_; }}};

  static constexpr std::chrono::milliseconds patience = deadline; // a busy machine must not look like a hanging Redis
};

TEST_F(a_redis_rate_limiter, keeps_the_references_sorted_set) {
  EXPECT_EQ(admit(limiter_, "ratelimit:abc", 60).remaining, 59);
  EXPECT_EQ(ask({"TYPE", "ratelimit:abc"}), "zset");
  EXPECT_EQ(ask({"ZCARD", "ratelimit:abc"}), "1");
  EXPECT_EQ(ask({"TTL", "ratelimit:abc"}), "70");
  const auto member = ask({"ZRANGE", "ratelimit:abc", "0", "0"});
  ASSERT_EQ(member.size(), std::string{"1764021600.123457:01234567"}.size()) << member;
  EXPECT_TRUE(member.starts_with("1764021600.123457:"));
  EXPECT_NEAR(std::stod(ask({"ZSCORE", "ratelimit:abc", member})), 1'764'021'600.123457, 1e-6);
}

TEST_F(a_redis_rate_limiter, refused_requests_leave_no_trace) {
  for (int i = 0; i < 25; ++i)
    (void)admit(limiter_, "ratelimit:abc", 5);
  EXPECT_EQ(ask({"ZCARD", "ratelimit:abc"}), "5");
  clock_.advance(60s);
  EXPECT_EQ(admit(limiter_, "ratelimit:abc", 5).remaining, 4);
  EXPECT_EQ(ask({"ZCARD", "ratelimit:abc"}), "1") << "those that left the window are trimmed";
}

TEST_F(a_redis_rate_limiter, a_limit_of_nothing_lets_nothing_pass) {
  for (const int limit : {0, -1}) {
    EXPECT_FALSE(admit(limiter_, "ratelimit:abc", limit).allowed);
    EXPECT_EQ(ask({"EXISTS", "ratelimit:abc"}), "0");
  }
}

TEST_F(a_redis_rate_limiter, counters_have_their_end_from_the_first_call_on) {
  EXPECT_TRUE(count(limiter_, "auth_dc:192.0.2.1", 2, 3600s).allowed);
  EXPECT_EQ(ask({"TTL", "auth_dc:192.0.2.1"}), "3600");
  ask({"EXPIRE", "auth_dc:192.0.2.1", "1000"});
  EXPECT_TRUE(count(limiter_, "auth_dc:192.0.2.1", 2, 3600s).allowed);
  const auto refused = count(limiter_, "auth_dc:192.0.2.1", 2, 3600s);
  EXPECT_FALSE(refused.allowed);
  EXPECT_GE(refused.retry_after_seconds, 1);
  EXPECT_LE(refused.retry_after_seconds, 1000);
  EXPECT_EQ(ask({"GET", "auth_dc:192.0.2.1"}), "3");
}

TEST_F(a_redis_rate_limiter, a_counter_that_a_crash_left_without_end_gets_one) {
  ask({"SET", "echo_rl:192.0.2.1", "50"});
  EXPECT_FALSE(count(limiter_, "echo_rl:192.0.2.1", 10, 60s).allowed);
  EXPECT_EQ(ask({"TTL", "echo_rl:192.0.2.1"}), "60");
}

TEST_F(a_redis_rate_limiter, whoever_deletes_a_key_opens_its_window) {
  EXPECT_TRUE(admit(limiter_, "ratelimit:abc", 1).allowed);
  EXPECT_TRUE(count(limiter_, "auth_ml:a@b.com", 1, 60s).allowed);
  EXPECT_FALSE(admit(limiter_, "ratelimit:abc", 1).allowed);
  EXPECT_FALSE(count(limiter_, "auth_ml:a@b.com", 1, 60s).allowed);
  ask({"DEL", "ratelimit:abc", "auth_ml:a@b.com"});
  EXPECT_TRUE(admit(limiter_, "ratelimit:abc", 1).allowed);
  EXPECT_TRUE(count(limiter_, "auth_ml:a@b.com", 1, 60s).allowed);
}

TEST_F(a_redis_rate_limiter, a_key_of_another_kind_is_counted_here_and_harms_no_other) {
  ask({"SET", "ratelimit:abc", "text"});
  EXPECT_TRUE(admit(limiter_, "ratelimit:abc", 1).allowed);
  EXPECT_FALSE(admit(limiter_, "ratelimit:abc", 1).allowed);
  EXPECT_EQ(fallbacks_, 2);
  EXPECT_TRUE(admit(limiter_, "ratelimit:def", 1).allowed);
  EXPECT_EQ(fallbacks_, 2);
}

/// Many keys with limits of their own, under a clock that mostly creeps and sometimes leaps.
TEST_F(a_redis_rate_limiter, decides_every_sliding_window_as_the_local_one_does) {
  local_rate_limiter local{clock_};
  for (const std::uint32_t seed : {1u, 2u, 3u}) {
    std::mt19937 random{seed};
    std::map<std::string, int> limits;
    for (int k = 0; k < 12; ++k)
      limits["ratelimit:" + std::to_string(seed) + '.' + std::to_string(k)] = std::array{0, 1, 2, 5, 20}[random() % 5];
    int refused = 0;
    for (int i = 0; i < 4'000; ++i) {
      const auto& [key, limit] = *std::next(limits.begin(), random() % limits.size());
      if (random() % 400 == 0)
        clock_.advance(std::chrono::seconds{50 + random() % 20});
      else if (random() % 3 != 0)
        clock_.advance(std::chrono::microseconds{random() % 900'000});
      if (random() % 10 == 0) {
        ASSERT_EQ(passed(limiter_, key), passed(local, key)) << "seed " << seed << ", step " << i;
        continue;
      }
      const auto shared = admit(limiter_, key, limit), own = admit(local, key, limit);
      refused += own.allowed ? 0 : 1;
      ASSERT_EQ(shared.allowed, own.allowed) << "seed " << seed << ", step " << i << ", " << key;
      ASSERT_EQ(shared.limit, own.limit);
      ASSERT_EQ(shared.remaining, own.remaining) << "seed " << seed << ", step " << i;
      ASSERT_EQ(shared.reset_unix_seconds, own.reset_unix_seconds) << "seed " << seed << ", step " << i;
      ASSERT_EQ(shared.retry_after_seconds, own.retry_after_seconds) << "seed " << seed << ", step " << i;
    }
    EXPECT_GT(refused, 100) << "the traces must reach the limits";
    EXPECT_LT(refused, 3'900);
  }
  EXPECT_EQ(fallbacks_, 0);
}

/// Redis ends counters by its own clock, so the end of a window is played by deleting the key.
TEST_F(a_redis_rate_limiter, decides_every_counter_as_the_local_one_does) {
  std::mt19937 random{7};
  for (int k = 0; k < 20; ++k) {
    local_rate_limiter local{clock_};
    const auto key = "auth_poll:" + std::to_string(k);
    const int limit = static_cast<int>(random() % 8);
    for (int i = 0; i < 100; ++i) {
      if (random() % 15 == 0) {
        clock_.advance(3600s);
        ask({"DEL", key});
      }
      const auto shared = count(limiter_, key, limit, 3600s), own = count(local, key, limit, 3600s);
      ASSERT_EQ(shared.allowed, own.allowed) << key << ", limit " << limit << ", step " << i;
      ASSERT_EQ(shared.retry_after_seconds >= 1 && shared.retry_after_seconds <= 3600, !own.allowed);
    }
  }
  EXPECT_EQ(fallbacks_, 0);
}

TEST_F(a_redis_rate_limiter, parallel_requests_to_several_nodes_pass_exactly_up_to_the_limit) {
  constexpr int nodes = 3, threads_per_node = 4, calls = 50, limit = 60;
  std::vector<std::unique_ptr<redis_client>> links;
  std::vector<std::unique_ptr<redis_rate_limiter>> limiters;
  for (int n = 0; n < nodes; ++n) {
    links.push_back(std::make_unique<redis_client>(server_.settings()));
    limiters.push_back(std::make_unique<redis_rate_limiter>(
        *links.back(), clock_, random_, redis_rate_limiter::settings{.patience = deadline, .on_fallback = {}}));
  }
  std::atomic<int> windows_passed{0}, counters_passed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < nodes * threads_per_node; ++t)
    threads.emplace_back([&, &mine = *limiters[static_cast<std::size_t>(t % nodes)]] {
      for (int i = 0; i < calls; ++i) {
        windows_passed += admit(mine, "ratelimit:abc", limit).allowed ? 1 : 0;
        counters_passed += count(mine, "auth_dc:192.0.2.1", limit, 60s).allowed ? 1 : 0;
      }
    });
  for (auto& t : threads)
    t.join();
  EXPECT_EQ(windows_passed, limit);
  EXPECT_EQ(counters_passed, limit);
  EXPECT_EQ(ask({"ZCARD", "ratelimit:abc"}), "60");
  limiters.clear();
}

TEST_F(a_redis_rate_limiter, goes_on_counting_where_it_was_when_redis_dies) {
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(admit(limiter_, "ratelimit:abc", 5).allowed);
  EXPECT_TRUE(count(limiter_, "auth_dc:192.0.2.1", 2, 3600s).allowed);
  server_.kill();
  EXPECT_EQ(admit(limiter_, "ratelimit:abc", 5).remaining, 1);
  EXPECT_EQ(admit(limiter_, "ratelimit:abc", 5).remaining, 0);
  EXPECT_FALSE(admit(limiter_, "ratelimit:abc", 5).allowed);
  EXPECT_EQ(passed(limiter_, "ratelimit:abc"), 5);
  EXPECT_TRUE(count(limiter_, "auth_dc:192.0.2.1", 2, 3600s).allowed);
  EXPECT_FALSE(count(limiter_, "auth_dc:192.0.2.1", 2, 3600s).allowed);
  EXPECT_GT(fallbacks_, 0);
}

TEST_F(a_redis_rate_limiter, never_exceeds_the_limit_when_redis_returns_and_has_forgotten) {
  ASSERT_TRUE(eventually_decides_alone(false));
  server_.kill();
  ASSERT_TRUE(eventually_decides_alone(true));
  for (int i = 0; i < 5; ++i)
    EXPECT_TRUE(admit(limiter_, "ratelimit:abc", 5).allowed);
  server_.start();
  ASSERT_TRUE(eventually_decides_alone(false));
  clock_.advance(59s);
  EXPECT_FALSE(admit(limiter_, "ratelimit:abc", 5).allowed) << "those five were less than a minute ago";
  clock_.advance(1s);
  EXPECT_TRUE(admit(limiter_, "ratelimit:abc", 5).allowed);
  EXPECT_EQ(ask({"ZCARD", "ratelimit:abc"}), "1") << "counted in Redis again";
}

TEST_F(a_redis_rate_limiter, waits_for_no_redis_that_hangs_and_goes_back_when_it_answers) {
  redis_rate_limiter hasty{redis_, clock_, random_, {.patience = 50ms, .on_fallback = [this] { ++fallbacks_; }}};
  const auto decides_alone = [&](const std::string& key) {
    const int before = fallbacks_;
    (void)admit(hasty, key, 1'000'000);
    return fallbacks_ > before;
  };
  while (decides_alone("ratelimit:warm"))
    std::this_thread::yield();
  server_.freeze();
  const int before = fallbacks_;
  EXPECT_TRUE(admit(hasty, "ratelimit:abc", 1).allowed) << "decided here, while Redis still keeps the question";
  EXPECT_FALSE(admit(hasty, "ratelimit:abc", 1).allowed);
  EXPECT_EQ(fallbacks_, before + 2);
  server_.thaw();
  while (decides_alone("ratelimit:warm"))
    std::this_thread::yield();
  EXPECT_EQ(ask({"ZCARD", "ratelimit:abc"}), "1") << "what passed meanwhile is counted there as well";
  ask({"DEL", "ratelimit:abc"});
  EXPECT_TRUE(admit(hasty, "ratelimit:abc", 1).allowed) << "it was only slow, so its word alone counts";
}

TEST(a_redis_rate_limiter_at_its_end, has_answered_every_call_once) {
  private_redis server;
  const hand_turned_clock clock;
  security::system_random random;
  std::atomic<int> answers{0};
  {
    redis_client redis{server.settings()};
    redis_rate_limiter limiter{redis, clock, random, {}};
    for (int i = 0; i < 500; ++i)
      limiter.admit("ratelimit:abc", 100, [&](const rate_decision&) { ++answers; });
  }
  EXPECT_EQ(answers, 500);
}

} // namespace
} // namespace cued::test
