#include "persistence/workers.hpp"

#include "tests/persistence/account_rows.hpp"

using namespace cued;
using namespace cued::persistence;
using namespace cued::test;
using namespace std::chrono_literals;

namespace {

class workers : public database_test {
protected:
  const instant now_ = std::chrono::sys_days{std::chrono::year{2026} / 11 / 24} + 13h + 123456us;
};

} // namespace

TEST_F(workers, the_heartbeat_is_answered_as_stored) {
  EXPECT_EQ(record_worker_heartbeat(link_, ada, "w1", R"(["a"])", now_), now_);
  const auto listed = list_workers(link_, ada);
  ASSERT_TRUE(listed);
  ASSERT_EQ(listed->size(), 1u);
  EXPECT_EQ(listed->front().worker_id, "w1");
  EXPECT_EQ(listed->front().handlers_json, R"(["a"])");
  EXPECT_EQ(listed->front().last_heartbeat, now_);
}

TEST_F(workers, a_heartbeat_replaces_the_handlers_of_the_one_before) {
  ASSERT_TRUE(record_worker_heartbeat(link_, ada, "w1", R"(["a", "b"])", now_));
  ASSERT_TRUE(record_worker_heartbeat(link_, ada, "w1", R"(["c"])", now_ + 30s));
  auto listed = list_workers(link_, ada);
  ASSERT_EQ(listed->size(), 1u);
  EXPECT_EQ(listed->front().handlers_json, R"(["c"])");
  ASSERT_TRUE(record_worker_heartbeat(link_, ada, "w1", "null", now_ + 60s));
  listed = list_workers(link_, ada);
  EXPECT_EQ(listed->front().handlers_json, std::nullopt);
  EXPECT_EQ(database_.value("SELECT handlers FROM workers"), "null");
}

TEST_F(workers, are_listed_per_user_the_last_heard_of_first) {
  ASSERT_TRUE(record_worker_heartbeat(link_, ada, "old", "null", now_ - 1h));
  ASSERT_TRUE(record_worker_heartbeat(link_, ada, "new", "null", now_));
  ASSERT_TRUE(record_worker_heartbeat(link_, bob, "new", "null", now_));
  const auto listed = list_workers(link_, ada);
  ASSERT_EQ(listed->size(), 2u);
  EXPECT_EQ((*listed)[0].worker_id, "new");
  EXPECT_EQ((*listed)[1].worker_id, "old");
}

TEST_F(workers, another_user_s_worker_cannot_be_deleted) {
  ASSERT_TRUE(record_worker_heartbeat(link_, ada, "a/b", "null", now_));
  const auto refused = delete_worker(link_, bob, "a/b");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 404);
  EXPECT_EQ(refused.error().code, "worker_not_found");
  EXPECT_TRUE(delete_worker(link_, ada, "a/b"));
  EXPECT_EQ(delete_worker(link_, ada, "a/b").error().code, "worker_not_found");
}

TEST_F(workers, a_user_has_an_active_worker_from_the_very_instant_on) {
  EXPECT_EQ(has_active_worker(link_, ada, now_), false);
  ASSERT_TRUE(record_worker_heartbeat(link_, ada, "w1", "null", now_));
  EXPECT_EQ(has_active_worker(link_, ada, now_), true);
  EXPECT_EQ(has_active_worker(link_, ada, now_ + 1us), false);
  EXPECT_EQ(has_active_worker(link_, bob, now_), false);
}
