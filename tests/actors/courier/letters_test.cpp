#include "actors/courier/letters.hpp"

#include "tests/actors/engine_fixture.hpp"

namespace cued::test {
namespace {

using persistence::notice_result;
using verdict = notice_result::verdict;

class letters : public testing::Test {
protected:
  verdict send(const std::string& content, const std::string& user = "ann", const std::string& email = "ann@b.com") {
    persistence::started_notice n;
    n.kind = persistence::notice_kind::mail;
    n.user_id = user;
    n.email = email;
    n.content_json = content;
    return letters_.send(n, now_).what;
  }
  verdict tell_of(const std::string& cue_name, const std::string& user = "ann") {
    return send(R"({"letter": "execution_failed", "error": null, "cue_name": ")" + cue_name + "\"}", user);
  }

  recording_notifier post_;
  actors::letters letters_{post_};
  instant now_ = std::chrono::sys_days{std::chrono::year{2026} / 11 / 24};
};

TEST_F(letters, test_cues_are_told_by_their_prefix_in_any_letter_case) {
  for (const auto* name : {"argus-x", "test-", "TEST-a", "verify-1", "verify-production-x", "verify-diag-x", "e2e-x",
                           "test-cueapi-core-x", "cueapi-core-test-x"})
    EXPECT_TRUE(actors::is_test_cue(name)) << name;
  for (const auto* name : {"", "test", "my test-cue", "argus", "cueapi-core"})
    EXPECT_FALSE(actors::is_test_cue(name)) << name;
}

TEST_F(letters, nobody_is_written_to_about_a_test_cue) {
  EXPECT_EQ(tell_of("e2e-nightly"), verdict::dropped);
  EXPECT_TRUE(post_.letters.empty());
}

TEST_F(letters, a_user_gets_ten_failures_an_hour) {
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(tell_of("backup"), verdict::delivered);
  EXPECT_EQ(tell_of("backup"), verdict::dropped);
  EXPECT_EQ(tell_of("backup", "bob"), verdict::delivered) << "others have their own ten";
  now_ += std::chrono::hours{1};
  EXPECT_EQ(tell_of("backup"), verdict::delivered);
  EXPECT_EQ(post_.letters.size(), 12u);
}

TEST_F(letters, an_offline_worker_is_told_whatever_the_count) {
  for (int i = 0; i < 11; ++i)
    EXPECT_EQ(send(R"({"letter": "worker_offline", "worker_id": "w", "minutes": 6, "pending_executions": 0})"),
              verdict::delivered);
  EXPECT_EQ(post_.letters.front(), "ann@b.com: w");
}

TEST_F(letters, a_user_who_is_gone_gets_none) {
  EXPECT_EQ(send(R"({"letter": "worker_offline"})", "ann", ""), verdict::dropped);
}

} // namespace
} // namespace cued::test
