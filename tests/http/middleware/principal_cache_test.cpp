#include <gtest/gtest.h>

#include "http/middleware/principal_cache.hpp"
#include "tests/http/manual_clock.hpp"

namespace cued::http {
namespace {

using namespace std::chrono_literals;

struct principal_cache_test : ::testing::Test {
  test::manual_clock clock;
  principal_cache cache{{.ttl = 2s, .entries = 3}};

  void store(const std::string& key, const std::string& user_id = "u") {
    principal who;
    who.user_id = user_id;
    cache.store(cache.begin(), key, {std::make_shared<const principal>(who), false, false}, clock.now());
  }
  bool has(const std::string& key) { return cache.find(key, clock.now()).found.has_value(); }
};

TEST_F(principal_cache_test, remembers_for_its_time) {
  store("k");
  clock.advance(2s - 1us);
  EXPECT_TRUE(has("k"));
  clock.advance(1us);
  EXPECT_FALSE(has("k"));
}

TEST_F(principal_cache_test, remembers_that_a_key_is_nobodys) {
  cache.store(cache.begin(), "k", {}, clock.now());
  const auto found = cache.find("k", clock.now()).found;
  ASSERT_TRUE(found);
  EXPECT_EQ(found->who, nullptr);
}

TEST_F(principal_cache_test, lets_one_of_many_look_again_before_the_time_is_up) {
  store("k");
  EXPECT_FALSE(cache.find("k", clock.now()).refresh);
  clock.advance(1s);
  EXPECT_TRUE(cache.find("k", clock.now()).refresh);
  EXPECT_FALSE(cache.find("k", clock.now()).refresh) << "somebody is at it already";
  store("k");
  EXPECT_FALSE(cache.find("k", clock.now()).refresh) << "now it is fresh";
}

TEST_F(principal_cache_test, does_not_keep_what_was_read_before_a_change) {
  const auto ticket = cache.begin();
  cache.forget_user("somebody");
  cache.store(ticket, "k", {std::make_shared<const principal>(), false, false}, clock.now());
  EXPECT_FALSE(has("k")) << "or a rotated key would live on";
}

TEST_F(principal_cache_test, forgets_a_user_under_all_his_names) {
  store("key", "u");
  store(principal_cache::key_of_session("u"), "u");
  store("other", "v");
  cache.forget_user("u");
  EXPECT_FALSE(has("key"));
  EXPECT_FALSE(has(principal_cache::key_of_session("u")));
  EXPECT_TRUE(has("other"));
}

TEST_F(principal_cache_test, forgets_a_user_who_was_not_there) {
  cache.store(cache.begin(), principal_cache::key_of_session("u"), {}, clock.now());
  cache.forget_user("u");
  EXPECT_FALSE(has(principal_cache::key_of_session("u")));
}

TEST_F(principal_cache_test, forgets_who_is_nobody_together_with_any_user_for_it_may_be_him_now) {
  cache.store(cache.begin(), "k", {}, clock.now());
  cache.forget_user("u");
  EXPECT_FALSE(has("k"));
}

TEST_F(principal_cache_test, tells_the_hashes_of_the_keys_it_forgot) {
  principal who;
  who.user_id = "u";
  who.key_hash = "hash";
  cache.store(cache.begin(), "hash", {std::make_shared<const principal>(who), false, false}, clock.now());
  store(principal_cache::key_of_session("u"), "u");
  store("other", "v");
  EXPECT_EQ(cache.forget_user("u"), std::vector<std::string>{"hash"});
  EXPECT_TRUE(cache.forget_user("u").empty());
}

TEST_F(principal_cache_test, remembers_nothing_while_changes_are_not_heard) {
  store("k");
  const auto ticket = cache.begin();
  cache.changes_are_heard(false);
  EXPECT_FALSE(has("k"));
  store("k");
  EXPECT_FALSE(has("k"));
  cache.changes_are_heard(true);
  EXPECT_FALSE(has("k"));
  EXPECT_FALSE(cache.store(ticket, "k", {}, clock.now())) << "it was read before";
  store("k");
  EXPECT_TRUE(has("k"));
  cache.forget_all();
  EXPECT_FALSE(has("k"));
}

TEST_F(principal_cache_test, counts_the_time_from_the_beginning_of_the_look_up) {
  const auto asked_at = clock.now();
  clock.advance(1s);
  cache.store(cache.begin(), "k", {}, asked_at);
  clock.advance(1s);
  EXPECT_FALSE(has("k"));
}

TEST_F(principal_cache_test, does_not_remember_a_key_beyond_its_end) {
  principal who;
  who.user_id = "u";
  who.key_expires_at = clock.now() + 500ms;
  cache.store(cache.begin(), "k", {std::make_shared<const principal>(who), false, false}, clock.now());
  EXPECT_TRUE(has("k"));
  clock.advance(500ms);
  EXPECT_FALSE(has("k"));
}

TEST_F(principal_cache_test, tells_whether_what_was_read_may_have_changed) {
  const auto before = cache.begin();
  EXPECT_TRUE(cache.unchanged_since(before));
  cache.forget_user("somebody");
  EXPECT_FALSE(cache.unchanged_since(before));
  cache.changes_are_heard(false);
  EXPECT_FALSE(cache.unchanged_since(cache.begin())) << "what is not heard of may have happened";
  cache.changes_are_heard(true);
  EXPECT_TRUE(cache.unchanged_since(cache.begin()));
}

TEST_F(principal_cache_test, is_bounded) {
  for (const auto* key : {"1", "2", "3", "4"})
    store(key);
  EXPECT_TRUE(has("4"));
  EXPECT_FALSE(has("1"));
}

} // namespace
} // namespace cued::http
