#include "actors/courier/letters.hpp"

#include "tests/actors/engine_fixture.hpp"
#include "tests/persistence/redis/private_redis.hpp"

namespace cued::test {
namespace {

using verdict = persistence::notice_result::verdict;

/// Letters of two servers that share a Redis.
class shared_letters : public testing::Test {
protected:
  verdict send(actors::letters& by, const std::string& content) {
    persistence::started_notice n;
    n.kind = persistence::notice_kind::mail;
    n.user_id = "ann";
    n.email = "ann@b.com";
    n.content_json = content;
    std::optional<verdict> over;
    by.send(n, [&](const persistence::notice_result& ended) { over = ended.what; });
    return over.value();
  }
  verdict tell_of_failure(actors::letters& by) {
    return send(by, R"({"letter": "execution_failed", "error": null, "cue_name": "backup"})");
  }

  private_redis server_;
  persistence::redis_client redis_{server_.settings()};
  persistence::shared_keys keys_{redis_, "node-1", {}};
  recording_notifier post_;
  wall_clock clock_;
  actors::letters here_{post_, clock_, &keys_}, there_{post_, clock_, &keys_};
};

TEST_F(shared_letters, ten_failures_an_hour_are_told_by_all_servers_together) {
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(tell_of_failure(here_), verdict::delivered);
    EXPECT_EQ(tell_of_failure(there_), verdict::delivered);
  }
  EXPECT_EQ(tell_of_failure(here_), verdict::dropped);
  EXPECT_EQ(tell_of_failure(there_), verdict::dropped);
  EXPECT_EQ(post_.letters.size(), 10u);
}

TEST_F(shared_letters, each_server_counts_by_itself_while_redis_is_away) {
  server_.kill();
  for (int i = 0; i < actors::letters::failures_per_hour; ++i)
    EXPECT_EQ(tell_of_failure(here_), verdict::delivered);
  EXPECT_EQ(tell_of_failure(here_), verdict::dropped);
  EXPECT_EQ(tell_of_failure(there_), verdict::delivered);
}

TEST_F(shared_letters, a_silent_worker_that_was_told_of_is_marked) {
  EXPECT_EQ(send(here_, R"({"letter": "worker_offline", "worker_id": "w", "minutes": 6, "pending_executions": 0})"),
            verdict::delivered);
  const auto mark = redis_.ask_together_and_wait({{"GET", "worker_alert:ann:w"}});
  ASSERT_TRUE(mark);
  EXPECT_EQ(mark->elements.at(0).text, "1");
}

} // namespace
} // namespace cued::test
