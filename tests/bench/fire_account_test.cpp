#include "bench/scenarios/fire_account.hpp"

#include <gmock/gmock.h>

#include "security/signature.hpp"

namespace cued::bench {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const instant noon{std::chrono::hours{24 * 365 * 50 + 12}};

execution_key key_of(std::uint8_t number) {
  execution_key key;
  key.bytes[15] = number;
  return key;
}

TEST(fire_account, counts_lateness_of_each_stage_from_the_due_instant) {
  const std::vector<stored_fire> fires{{key_of(1), noon, noon + 2ms, noon + 9ms}};
  auto account = account_of(fires, {{key_of(1), noon + 5ms, 1}});
  EXPECT_EQ(account.lateness["fired"].max(), 2ms);
  EXPECT_EQ(account.lateness["sent"].max(), 5ms);
  EXPECT_EQ(account.lateness["delivered"].max(), 9ms);
  EXPECT_THAT(account.arrived, ElementsAre(noon + 5ms));
  EXPECT_THAT(account.succeeded, ElementsAre(noon + 9ms));
  EXPECT_EQ(account.never_heard_of, 0U);
  EXPECT_EQ(account.before_their_time, 0U);
}

TEST(fire_account, takes_the_first_of_several_deliveries) {
  const std::vector<stored_fire> fires{{key_of(1), noon, noon, std::nullopt}};
  auto account = account_of(fires, {{key_of(1), noon + 900ms, 2}, {key_of(1), noon + 3ms, 1}, {key_of(7), noon, 1}});
  EXPECT_EQ(account.lateness["sent"].count(), 1U);
  EXPECT_EQ(account.lateness["sent"].max(), 3ms);
}

TEST(fire_account, tells_of_executions_that_nobody_heard_of) {
  const std::vector<stored_fire> fires{{key_of(1), noon, noon, std::nullopt}, {key_of(2), noon, noon, std::nullopt}};
  auto account = account_of(fires, {{key_of(2), noon + 1ms, 1}});
  EXPECT_EQ(account.never_heard_of, 1U);
  EXPECT_EQ(account.lateness["sent"].count(), 1U);
  EXPECT_EQ(account.lateness["delivered"].count(), 0U);
}

TEST(fire_account, sees_what_came_too_early) {
  const std::vector<stored_fire> fires{{key_of(1), noon, noon - 1us, std::nullopt}};
  const auto account = account_of(fires, {});
  EXPECT_EQ(account.before_their_time, 1U);
}

TEST(fire_account, puts_its_instants_in_order) {
  const std::vector<stored_fire> fires{{key_of(1), noon, noon, noon + 8ms}, {key_of(2), noon, noon, noon + 4ms}};
  const auto account = account_of(fires, {{key_of(1), noon + 3ms, 1}, {key_of(2), noon + 1ms, 1}});
  EXPECT_THAT(account.arrived, ElementsAre(noon + 1ms, noon + 3ms));
  EXPECT_THAT(account.succeeded, ElementsAre(noon + 4ms, noon + 8ms));
}

TEST(per_tick, counts_what_lies_in_each_tenth_of_a_second) {
  const std::vector<instant> at{noon - 1us, noon, noon + 99ms, noon + 100ms, noon + 299ms, noon + 300ms};
  EXPECT_THAT(per_tick(at, noon, 300ms), ElementsAre(2U, 1U, 1U));
  EXPECT_THAT(per_tick(at, noon, 50ms), IsEmpty());
}

TEST(steady_rate, is_that_of_the_middle) {
  std::vector<instant> at{noon}; // slow at both ends, a thousand per second in between
  for (int i = 0; i < 98; ++i)
    at.push_back(noon + 10s + i * 1ms);
  at.push_back(noon + 60s);
  EXPECT_NEAR(steady_rate(at, 5), 1000, 0.1);
  EXPECT_LT(steady_rate(at, 0), 2);
}

TEST(steady_rate, says_nothing_of_too_few) {
  EXPECT_EQ(steady_rate({}, 5), 0);
  EXPECT_EQ(steady_rate({noon, noon + 1s}, 5), 0);
  EXPECT_EQ(steady_rate({noon, noon}, 0), 0);
}

TEST(wrong_signatures, are_those_that_the_cues_secret_did_not_make) {
  const std::int64_t now = 1'700'000'000;
  const std::string body = R"({"attempt": 1})";
  const auto good = security::sign("whsec_1", now, body), bad = security::sign("whsec_2", now, body);
  const std::map<std::string, std::string> secrets{{"cue_1", "whsec_1"}};
  EXPECT_THAT(wrong_signatures({{"cue_1", good.timestamp, good.value, body, now}}, secrets), IsEmpty());
  EXPECT_THAT(wrong_signatures({{"cue_1", bad.timestamp, bad.value, body, now}}, secrets),
              ElementsAre(HasSubstr("wrong signature")));
  EXPECT_THAT(wrong_signatures({{"cue_1", good.timestamp, good.value, body + " ", now}}, secrets),
              ElementsAre(HasSubstr("wrong signature")));
  EXPECT_THAT(wrong_signatures({{"cue_9", good.timestamp, good.value, body, now}}, secrets),
              ElementsAre(HasSubstr("not there")));
}

} // namespace
} // namespace cued::bench
