#include "persistence/redis/shared_keys.hpp"

#include <future>

#include <gtest/gtest.h>

#include "persistence/redis/sharing_stores.hpp"
#include "tests/persistence/redis/private_redis.hpp"

namespace cued::test {
namespace {

using persistence::shared_keys;
using namespace std::chrono_literals;

constexpr const char* ann = "11111111-2222-4333-8444-555555555555";
constexpr const char* month = "2026-11-01";

class keys_in_redis : public testing::Test {
protected:
  std::string text(const std::string& key) {
    const auto answer = redis_.ask_together_and_wait({{"GET", key}});
    return answer ? answer->elements.at(0).text : "no Redis";
  }
  std::int64_t seconds_left(const std::string& key) {
    return redis_.ask_together_and_wait({{"TTL", key}}).value().elements.at(0).integer;
  }
  std::optional<std::int64_t> usage() {
    std::promise<std::optional<std::int64_t>> answer;
    keys_.read_usage(ann, month, [&](auto n) { answer.set_value(n); });
    return answer.get_future().get();
  }
  result<shared_keys::heartbeat> heartbeat() {
    std::promise<result<shared_keys::heartbeat>> answer;
    keys_.read_heartbeat([&](auto r) { answer.set_value(std::move(r)); });
    return answer.get_future().get();
  }

  private_redis server_;
  persistence::redis_client redis_{server_.settings()};
  shared_keys keys_{redis_, "node-1", {}};
  instant now_ = std::chrono::sys_days{std::chrono::year{2026} / 11 / 24} + 12h;
};

TEST_F(keys_in_redis, the_heartbeat_has_the_references_keys_values_and_lifetimes) {
  keys_.write_heartbeat(now_, 7, 12ms);
  EXPECT_EQ(text("poller:last_run"), "2026-11-24T12:00:00+00:00");
  EXPECT_EQ(text("poller:cues_processed"), "7");
  EXPECT_EQ(text("poller:cycle_duration_ms"), "12");
  EXPECT_EQ(text("poller:leader"), "node-1");
  EXPECT_NEAR(static_cast<double>(seconds_left("poller:last_run")), 120, 20);
  EXPECT_NEAR(static_cast<double>(seconds_left("poller:leader")), 30, 20);

  const auto read = heartbeat();
  ASSERT_TRUE(read);
  EXPECT_EQ(read->last_run, now_);
  EXPECT_EQ(read->cues_processed, 7);
  EXPECT_EQ(read->cycle_duration_ms, 12);
}

TEST_F(keys_in_redis, a_heartbeat_that_is_missing_or_no_time_is_no_heartbeat) {
  EXPECT_EQ(heartbeat().value().last_run, std::nullopt);
  redis_.send({"SET", "poller:last_run", "yesterday"});
  redis_.send({"SET", "poller:cues_processed", "many"});
  const auto read = heartbeat().value();
  EXPECT_EQ(read.last_run, std::nullopt);
  EXPECT_EQ(read.last_run_text, "yesterday");
  EXPECT_EQ(read.cues_processed, std::nullopt);
}

TEST_F(keys_in_redis, no_redis_is_not_the_same_as_no_heartbeat) {
  server_.kill();
  EXPECT_FALSE(heartbeat());
}

TEST_F(keys_in_redis, counted_usage_replaces_what_is_there_and_loaded_usage_does_not) {
  EXPECT_EQ(usage(), std::nullopt);
  keys_.usage_loaded(ann, month, 5);
  EXPECT_EQ(usage(), 5);
  EXPECT_NEAR(static_cast<double>(seconds_left("usage:" + std::string{ann} + ":2026-11-01")), 86'400, 60);
  keys_.usage_counted(ann, month, 6);
  keys_.usage_loaded(ann, month, 5);
  EXPECT_EQ(usage(), 6);
  EXPECT_NEAR(static_cast<double>(seconds_left("usage:" + std::string{ann} + ":2026-11-01")), 35 * 86'400, 60);
}

TEST_F(keys_in_redis, usage_that_is_not_a_number_is_no_usage) {
  redis_.send({"SET", "usage:" + std::string{ann} + ":" + month, "12x"});
  EXPECT_EQ(usage(), std::nullopt);
}

TEST_F(keys_in_redis, grace_is_kept_until_the_month_ends) {
  keys_.grace_started(ann, now_);
  EXPECT_EQ(text("grace:" + std::string{ann}), "2026-11-24T12:00:00+00:00");
  EXPECT_NEAR(static_cast<double>(seconds_left("grace:" + std::string{ann})), 6.5 * 86'400, 60);
}

TEST_F(keys_in_redis, letters_about_failures_are_counted_for_an_hour_from_the_first) {
  EXPECT_EQ(keys_.count_failure_letter(ann), 1);
  redis_.send({"EXPIRE", "failure_email:" + std::string{ann}, "1000"});
  EXPECT_EQ(keys_.count_failure_letter(ann), 2);
  EXPECT_EQ(keys_.count_failure_letter("somebody else"), 1);
  EXPECT_LE(seconds_left("failure_email:" + std::string{ann}), 1'000);
  EXPECT_GT(seconds_left("failure_email:" + std::string{ann}), 0);
  server_.kill();
  EXPECT_EQ(keys_.count_failure_letter(ann), std::nullopt);
}

TEST_F(keys_in_redis, a_letter_about_a_silent_worker_leaves_its_mark) {
  keys_.worker_told_offline(ann, "w:1");
  EXPECT_EQ(text("worker_alert:" + std::string{ann} + ":w:1"), "1");
  EXPECT_GT(seconds_left("worker_alert:" + std::string{ann} + ":w:1"), 3'000);
}

TEST_F(keys_in_redis, an_echo_lies_under_its_token_for_as_long_as_it_is_kept) {
  const auto leave = [&](const std::string& token) {
    std::promise<bool> answer;
    keys_.leave_echo(token, R"({"payload":1})", 300s, [&](bool kept) { answer.set_value(kept); });
    return answer.get_future().get();
  };
  const auto read = [&](const std::string& token) {
    std::promise<std::optional<std::string>> answer;
    keys_.read_echo(token, [&](auto found) { answer.set_value(found); });
    return answer.get_future().get();
  };
  const std::string long_token(5'000, 'x');
  EXPECT_EQ(read("a-token"), std::nullopt);
  EXPECT_TRUE(leave("a-token") && leave(long_token));
  EXPECT_EQ(read("a-token"), R"({"payload":1})");
  EXPECT_EQ(read(long_token), R"({"payload":1})");
  EXPECT_EQ(text("echo:a-token"), R"({"payload":1})");
  EXPECT_EQ(text("echo:" + long_token), "") << "strangers do not choose how long a key's name is";
  EXPECT_NEAR(static_cast<double>(seconds_left("echo:a-token")), 300, 30);
  server_.kill();
  EXPECT_FALSE(leave("a-token"));
  EXPECT_EQ(read("a-token"), std::nullopt);
}

/// Answers with what the test says.
class scripted_outcomes final : public persistence::outcome_store {
public:
  explicit scripted_outcomes(result<std::vector<persistence::recorded_attempt>> answer) : answer_{std::move(answer)} {}
  result<std::vector<persistence::recorded_outcome>> record_outcomes(const std::vector<persistence::reported_outcome>&,
                                                                     instant) override {
    return std::vector<persistence::recorded_outcome>{};
  }
  result<std::vector<persistence::recorded_attempt>> record_attempts(const std::vector<persistence::attempt_result>&,
                                                                     instant) override {
    return answer_;
  }

private:
  result<std::vector<persistence::recorded_attempt>> answer_;
};

TEST_F(keys_in_redis, usage_is_told_when_a_delivery_was_recorded_and_only_then) {
  persistence::recorded_attempt delivered, retried;
  delivered.user_id = ann;
  delivered.executions_of_month = 41;
  retried.user_id = "bob";
  persistence::usage_sharing_store store{
      std::make_unique<scripted_outcomes>(std::vector<persistence::recorded_attempt>{delivered, retried}), keys_};
  EXPECT_EQ(store.record_attempts({}, now_).value().size(), 2u);
  EXPECT_EQ(usage(), 41);
  EXPECT_EQ(text("usage:bob:2026-11-01"), "");

  persistence::usage_sharing_store away{std::make_unique<scripted_outcomes>(fail(unavailable("away"))), keys_};
  EXPECT_FALSE(away.record_attempts({}, now_));
}

} // namespace
} // namespace cued::test
