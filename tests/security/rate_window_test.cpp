#include "security/rate_window.hpp"

#include <atomic>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "security/local_rate_limiter.hpp"

namespace cued::security {
namespace {

using namespace std::chrono_literals;

const instant start{std::chrono::seconds(1'700'000'000)};
constexpr std::int64_t start_seconds = 1'700'000'000;

TEST(rate_window, the_limit_passes_and_the_next_is_refused) {
  rate_window window;
  for (int i = 0; i < 60; ++i) {
    const auto d = window.admit("k", 60, start);
    ASSERT_TRUE(d.allowed);
    ASSERT_EQ(d.limit, 60);
    ASSERT_EQ(d.remaining, 59 - i);
    ASSERT_EQ(d.reset_unix_seconds, start_seconds + 60);
  }
  const auto d = window.admit("k", 60, start);
  EXPECT_FALSE(d.allowed);
  EXPECT_EQ(d.remaining, 0);
  EXPECT_EQ(d.retry_after_seconds, 60);
}

TEST(rate_window, a_refusal_tells_when_the_oldest_request_leaves) {
  rate_window window;
  (void)window.admit("k", 2, start + 900ms);
  (void)window.admit("k", 2, start + 10s);
  auto d = window.admit("k", 2, start + 20s);
  EXPECT_EQ(d.reset_unix_seconds, start_seconds + 60);
  EXPECT_EQ(d.retry_after_seconds, 40); // 40.9 cut
  d = window.admit("k", 2, start + 60s);
  EXPECT_FALSE(d.allowed);
  EXPECT_EQ(d.retry_after_seconds, 1); // 0.9 is still a second
}

TEST(rate_window, refused_requests_prolong_nothing) {
  rate_window window;
  for (int i = 0; i < 60; ++i)
    (void)window.admit("k", 60, start);
  for (int i = 0; i < 20; ++i)
    EXPECT_FALSE(window.admit("k", 60, start + 30s).allowed);
  EXPECT_EQ(window.count("k", start + 30s), 60);
  EXPECT_FALSE(window.admit("k", 60, start + 60s - 1us).allowed);
  EXPECT_EQ(window.admit("k", 60, start + 60s).remaining, 59);
}

TEST(rate_window, requests_leave_one_by_one) {
  rate_window window;
  (void)window.admit("k", 2, start);
  (void)window.admit("k", 2, start + 30s);
  EXPECT_TRUE(window.admit("k", 2, start + 60s).allowed);
  EXPECT_FALSE(window.admit("k", 2, start + 60s).allowed);
  EXPECT_TRUE(window.admit("k", 2, start + 90s).allowed);
}

TEST(rate_window, keys_do_not_share) {
  rate_window window;
  EXPECT_TRUE(window.admit("a", 1, start).allowed);
  EXPECT_TRUE(window.admit("b", 1, start).allowed);
  EXPECT_FALSE(window.admit("a", 1, start).allowed);
}

TEST(rate_window, a_limit_of_nothing_lets_nothing_pass) {
  rate_window window;
  for (const int limit : {0, -1}) {
    const auto d = window.admit("k", limit, start);
    EXPECT_FALSE(d.allowed);
    EXPECT_EQ(d.remaining, 0);
    EXPECT_EQ(d.retry_after_seconds, 60);
  }
  EXPECT_EQ(window.key_count(), 0u);
}

TEST(rate_window, a_changed_limit_counts_from_the_next_request) {
  rate_window window;
  for (int i = 0; i < 5; ++i)
    (void)window.admit("k", 5, start);
  EXPECT_FALSE(window.admit("k", 3, start).allowed);
  EXPECT_EQ(window.admit("k", 7, start).remaining, 1);
}

TEST(rate_window, counting_counts_nothing) {
  rate_window window;
  EXPECT_EQ(window.count("k", start), 0);
  EXPECT_EQ(window.key_count(), 0u);
  (void)window.admit("k", 5, start);
  EXPECT_EQ(window.count("k", start + 59s), 1);
  EXPECT_EQ(window.count("k", start + 60s), 0);
}

TEST(rate_window, a_clock_set_back_locks_nobody_out) {
  rate_window window;
  for (int i = 0; i < 3; ++i)
    (void)window.admit("k", 3, start + 1h);
  EXPECT_FALSE(window.admit("k", 3, start).allowed);
  EXPECT_FALSE(window.admit("k", 3, start + 59s).allowed);
  EXPECT_TRUE(window.admit("k", 3, start + 60s).allowed);
}

TEST(rate_window, never_more_than_the_limit_in_any_sixty_seconds) {
  rate_window window;
  std::mt19937 random(3);
  constexpr int limit = 10;
  std::vector<instant> passed;
  instant now = start;
  for (int i = 0; i < 5'000; ++i) {
    now += std::chrono::milliseconds(random() % 9'000);
    if (window.admit("k", limit, now).allowed)
      passed.push_back(now);
  }
  ASSERT_GT(passed.size(), 1'000u);
  for (std::size_t i = limit; i < passed.size(); ++i)
    ASSERT_GE(passed[i] - passed[i - limit], 60s);
}

TEST(rate_window, parallel_requests_pass_exactly_up_to_the_limit) {
  rate_window window;
  std::atomic<int> passed = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        passed += window.admit("k", 60, start).allowed ? 1 : 0;
        (void)window.admit(std::to_string(i), 60, start);
      }
    });
  for (auto& t : threads)
    t.join();
  EXPECT_EQ(passed, 60);
}

TEST(rate_window, idle_keys_make_room_for_new_ones) {
  rate_window window;
  for (int i = 0; i < 5'000; ++i)
    (void)window.admit("old" + std::to_string(i), 60, start);
  for (int i = 0; i < 5'000; ++i)
    (void)window.admit("new" + std::to_string(i), 60, start + 60s);
  EXPECT_EQ(window.key_count(), 5'000u);
}

TEST(rate_window, the_number_of_keys_is_bounded_and_the_active_ones_stay) {
  rate_window window;
  (void)window.admit("busy", 3, start);
  for (std::size_t i = 0; i < 200'000; ++i) {
    (void)window.admit("k" + std::to_string(i), 60, start);
    if (i == 50'000 || i == 100'000)
      (void)window.admit("busy", 3, start);
  }
  EXPECT_LE(window.key_count(), rate_window::shard_count * rate_window::keys_per_shard_max);
  EXPECT_FALSE(window.admit("busy", 3, start).allowed);
}

TEST(fixed_window, refuses_beyond_the_limit_until_it_ends) {
  fixed_window windows;
  for (int i = 0; i < 5; ++i)
    EXPECT_TRUE(windows.count("k", 5, 1h, start + std::chrono::minutes(i)).allowed);
  const auto refused = windows.count("k", 5, 1h, start + 10min + 1us);
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.retry_after_seconds, 50 * 60);
  EXPECT_EQ(windows.count("k", 5, 1h, start + 1h - 1us).retry_after_seconds, 1);
  EXPECT_TRUE(windows.count("k", 5, 1h, start + 1h).allowed);
  EXPECT_TRUE(windows.count("other", 5, 1h, start).allowed);
}

TEST(fixed_window, a_clock_set_back_locks_nobody_out) {
  fixed_window windows;
  EXPECT_TRUE(windows.count("k", 1, 60s, start + 1h).allowed);
  EXPECT_FALSE(windows.count("k", 1, 60s, start + 1h).allowed);
  EXPECT_TRUE(windows.count("k", 1, 60s, start).allowed);
  EXPECT_FALSE(windows.count("k", 1, 60s, start).allowed);
}

TEST(fixed_window, ended_windows_make_room_and_the_number_is_bounded) {
  fixed_window windows;
  for (int i = 0; i < 1'000; ++i)
    (void)windows.count("a" + std::to_string(i), 1, 60s, start);
  for (int i = 0; i < 1'000; ++i)
    (void)windows.count("b" + std::to_string(i), 1, 1h, start + 60s);
  EXPECT_EQ(windows.key_count(), 1'000u);
  for (std::size_t i = 0; i < fixed_window::keys_max + 10; ++i)
    (void)windows.count("c" + std::to_string(i), 1, 1h, start + 60s);
  EXPECT_EQ(windows.key_count(), fixed_window::keys_max);
}

struct stopped_clock final : time_source {
  [[nodiscard]] instant now() const override { return start; }
};

TEST(local_rate_limiter, answers_before_the_call_returns) {
  const stopped_clock clock;
  local_rate_limiter limiter(clock);
  std::vector<bool> answers;
  for (int i = 0; i < 2; ++i) {
    limiter.admit("k", 1, [&](rate_decision d) { answers.push_back(d.allowed); });
    limiter.count("k", 1, 60s, [&](counter_decision d) { answers.push_back(d.allowed); });
  }
  int passed = 0;
  limiter.passed("k", [&](int n) { passed = n; });
  EXPECT_EQ(answers, (std::vector<bool>{true, true, false, false}));
  EXPECT_EQ(passed, 1);
}

} // namespace
} // namespace cued::security
