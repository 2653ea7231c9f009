#include "actors/courier/letters.hpp"

#include "tests/actors/engine_fixture.hpp"

namespace cued::test {
namespace {

using persistence::notice_result;
using verdict = notice_result::verdict;

class letters : public testing::Test {
protected:
  class hand_clock final : public time_source {
  public:
    [[nodiscard]] instant now() const override { return at; }
    instant at = std::chrono::sys_days{std::chrono::year{2026} / 11 / 24};
  };

  notice_result attempt(const std::string& content, const std::string& user = "ann",
                        const std::string& email = "ann@b.com", int number = 1) {
    persistence::started_notice n;
    n.kind = persistence::notice_kind::mail;
    n.user_id = user;
    n.email = email;
    n.attempt = number;
    n.content_json = content;
    std::optional<notice_result> over;
    letters_.send(n, [&](notice_result ended) { over = std::move(ended); });
    return over.value();
  }
  verdict send(const std::string& content, const std::string& user = "ann", const std::string& email = "ann@b.com") {
    return attempt(content, user, email).what;
  }
  verdict tell_of(const std::string& cue_name, const std::string& user = "ann") {
    return send(R"({"letter": "execution_failed", "error": null, "cue_name": ")" + cue_name + "\"}", user);
  }

  recording_notifier post_;
  hand_clock clock_;
  actors::letters letters_{post_, clock_};
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
  clock_.at += std::chrono::hours{1};
  EXPECT_EQ(tell_of("backup"), verdict::delivered);
  EXPECT_EQ(post_.letters.size(), 12u);
}

TEST_F(letters, an_offline_worker_is_told_whatever_the_count) {
  for (int i = 0; i < 11; ++i)
    EXPECT_EQ(send(R"({"letter": "worker_offline", "worker_id": "w", "minutes": 6, "pending_executions": 0})"),
              verdict::delivered);
  EXPECT_EQ(post_.letters.front(), "ann@b.com: w");
}

TEST_F(letters, what_the_mail_service_did_not_take_is_tried_again_later_with_its_reason) {
  post_.answer = [](std::size_t) { return actors::letter_result{false, 503, "The mail service answered 503: busy"}; };
  const std::string content = R"({"letter": "execution_failed", "cue_name": "backup"})";
  const auto refused = attempt(content);
  EXPECT_EQ(refused.what, verdict::retry);
  EXPECT_EQ(refused.http_status, 503);
  EXPECT_EQ(refused.last_error, "The mail service answered 503: busy");
  EXPECT_EQ(refused.next_attempt, clock_.at + std::chrono::seconds{5});
  EXPECT_EQ(attempt(content, "ann", "ann@b.com", 9).what, verdict::failed);
}

TEST_F(letters, a_letter_that_is_tried_again_counts_once) {
  post_.answer = [](std::size_t nth) { return actors::letter_result{nth > 10, 200, "no"}; };
  const std::string content = R"({"letter": "execution_failed", "cue_name": "backup"})";
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(attempt(content).what, verdict::retry);
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(attempt(content, "ann", "ann@b.com", 2).what, verdict::delivered);
}

TEST_F(letters, a_user_who_is_gone_gets_none) {
  EXPECT_EQ(send(R"({"letter": "worker_offline"})", "ann", ""), verdict::dropped);
}

} // namespace
} // namespace cued::test
