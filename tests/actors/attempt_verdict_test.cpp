#include "actors/outcome/attempt_verdict.hpp"

#include <gtest/gtest.h>

namespace cued::test {
namespace {

using namespace std::chrono_literals;
using actors::judge_attempt;
using actors::judge_lost_attempt;
using verdict = persistence::attempt_result::verdict;

constexpr instant now{1h};
constexpr double middle = 0.5; ///< no jitter

persistence::started_delivery first_of_three() {
  persistence::started_delivery d;
  d.execution_id = "e1";
  d.attempt = 1;
  d.retry_max_attempts = 3;
  d.retry_backoff_json = "[1, 5, 15]";
  return d;
}

actors::webhook_response answered(int status, std::optional<int> retry_after = std::nullopt) {
  actors::webhook_response r;
  r.status = status;
  r.retry_after_seconds = retry_after;
  return r;
}

TEST(attempt_verdict, gone_is_the_end_whatever_attempts_are_left) {
  const auto judged = judge_attempt(first_of_three(), answered(410, 60), now, middle);
  EXPECT_EQ(judged.what, verdict::failed);
  EXPECT_EQ(judged.next_retry, std::nullopt);
  EXPECT_EQ(judged.error_message, "Webhook endpoint rejected request (410)");
  EXPECT_EQ(judged.http_status, 410);
}

TEST(attempt_verdict, other_refusals_are_tried_again) {
  for (const int status : {302, 404, 409, 429, 500, 503}) {
    const auto judged = judge_attempt(first_of_three(), answered(status), now, middle);
    EXPECT_EQ(judged.what, verdict::retry) << status;
    EXPECT_EQ(judged.next_retry, now + 1min) << status;
  }
}

TEST(attempt_verdict, retry_after_is_honoured_when_it_asks_for_more_patience_up_to_a_day) {
  for (const int status : {302, 429, 503}) {
    EXPECT_EQ(judge_attempt(first_of_three(), answered(status, 300), now, middle).next_retry, now + 5min) << status;
    EXPECT_EQ(judge_attempt(first_of_three(), answered(status, 5), now, middle).next_retry, now + 1min) << status;
    EXPECT_EQ(judge_attempt(first_of_three(), answered(status, 1'000'000), now, middle).next_retry, now + 24h)
        << status;
  }
}

TEST(attempt_verdict, a_cue_may_say_its_backoff_in_seconds_with_jitter) {
  auto delivery = first_of_three();
  delivery.retry_backoff_seconds_json = "[10]";
  delivery.retry_jitter_percent = 50;
  EXPECT_EQ(judge_attempt(delivery, answered(500), now, 0.0).next_retry, now + 5s);
  EXPECT_EQ(judge_attempt(delivery, answered(500), now, middle).next_retry, now + 10s);
  EXPECT_EQ(judge_lost_attempt(delivery, 300, false, now, 0.0).next_retry, now + 5s);
  EXPECT_EQ(judge_lost_attempt(delivery, 300, true, now, 0.0).next_retry, now) << "its sender died, not its receiver";
}

} // namespace
} // namespace cued::test
