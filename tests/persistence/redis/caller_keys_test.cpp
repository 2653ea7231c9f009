#include "persistence/redis/caller_keys.hpp"

#include <future>

#include <gtest/gtest.h>

#include "tests/persistence/redis/private_redis.hpp"

namespace cued::test {
namespace {

using persistence::caller_keys;

constexpr const char* ann = "11111111-2222-4333-8444-555555555555";
const std::string old_hash(64, 'a'), new_hash(64, 'b');
constexpr const char* anns_json =
    R"({"id":"11111111-2222-4333-8444-555555555555","email":"ann@b.com","plan":"pro","active_cue_limit":1,)"
    R"("monthly_execution_limit":2,"rate_limit_per_minute":3})";

class keys_of_callers : public testing::Test {
protected:
  std::string text(const std::string& key) {
    const auto answer = redis_.ask_together_and_wait({{"GET", key}});
    return answer ? answer->elements.at(0).text : "no Redis";
  }
  std::int64_t seconds_left(const std::string& key) {
    return redis_.ask_together_and_wait({{"TTL", key}}).value().elements.at(0).integer;
  }
  std::optional<bool> rotated(const std::string& hash) {
    std::promise<std::optional<bool>> answer;
    keys_.was_rotated(hash, [&](auto said) { answer.set_value(said); });
    return answer.get_future().get();
  }
  bool replace(const principal& owner) {
    std::promise<bool> answer;
    keys_.key_replaced(old_hash, owner, [&](bool done) { answer.set_value(done); });
    return answer.get_future().get();
  }
  static principal who(const std::string& hash) {
    principal out{ann, "ann@b.com", "pro", 1, 2, 3};
    out.key_hash = hash;
    return out;
  }

  private_redis server_;
  persistence::redis_client redis_{server_.settings()};
  caller_keys keys_{redis_};
};

TEST_F(keys_of_callers, a_key_and_a_session_are_written_as_the_reference_writes_them) {
  keys_.remember(who(old_hash));
  keys_.remember(who(""));
  EXPECT_EQ(text("auth:" + old_hash), anns_json);
  EXPECT_EQ(text("session:" + std::string{ann}), anns_json);
  EXPECT_NEAR(static_cast<double>(seconds_left("auth:" + old_hash)), 300, 30);
  EXPECT_NEAR(static_cast<double>(seconds_left("session:" + std::string{ann})), 300, 30);
}

TEST_F(keys_of_callers, a_replaced_key_is_gone_and_marked_for_a_day) {
  keys_.remember(who(old_hash));
  keys_.remember(who(""));
  EXPECT_EQ(rotated(old_hash), false);
  EXPECT_TRUE(replace(who(new_hash)));
  EXPECT_EQ(text("auth:" + old_hash), "");
  EXPECT_EQ(text("session:" + std::string{ann}), "");
  EXPECT_EQ(text("rotated:" + old_hash), "1");
  EXPECT_NEAR(static_cast<double>(seconds_left("rotated:" + old_hash)), 86'400, 60);
  EXPECT_EQ(text("auth:" + new_hash), anns_json);
  EXPECT_EQ(rotated(old_hash), true);
}

TEST_F(keys_of_callers, who_read_the_row_before_the_key_was_replaced_cannot_write_it_afterwards) {
  EXPECT_TRUE(replace(who(new_hash)));
  keys_.remember(who(old_hash));
  EXPECT_EQ(text("auth:" + old_hash), "");
}

TEST_F(keys_of_callers, a_named_key_is_never_written_for_the_reference_knows_no_scopes) {
  auto named = who(new_hash);
  named.key_id = ann;
  named.scope = key_scope::read_only;
  keys_.remember(named);
  EXPECT_TRUE(replace(named));
  EXPECT_EQ(text("auth:" + new_hash), "");
  EXPECT_EQ(rotated(old_hash), true);
}

TEST_F(keys_of_callers, a_changed_account_is_forgotten_under_all_its_names) {
  keys_.remember(who(old_hash));
  keys_.remember(who(new_hash));
  keys_.remember(who(""));
  keys_.forget(ann, {old_hash, new_hash});
  EXPECT_EQ(text("auth:" + old_hash) + text("auth:" + new_hash) + text("session:" + std::string{ann}), "");
}

TEST_F(keys_of_callers, no_redis_is_not_the_same_as_not_rotated) {
  server_.kill();
  EXPECT_EQ(rotated(old_hash), std::nullopt);
  EXPECT_FALSE(replace(who(new_hash)));
}

} // namespace
} // namespace cued::test
