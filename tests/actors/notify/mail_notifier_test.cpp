#include "actors/notify/mail_notifier.hpp"

#include <prometheus/text_serializer.h>

#include "domain/json/value.hpp"
#include "tests/actors/engine_fixture.hpp"

namespace cued::test {
namespace {

using namespace std::chrono_literals;

class mail_notifier : public testing::Test {
protected:
  static actors::mail_settings settings() {
    return {"http://mail.example/api/", "re_secret", "Cued <cued@host.example>"};
  }

  /// The one letter that was posted.
  [[nodiscard]] json::value letter() const {
    EXPECT_EQ(sender_.requests.size(), 1u);
    return json::parse(sender_.requests.at(0).body).value();
  }
  [[nodiscard]] std::string member(std::string_view name) const { return letter().find(name)->as_string(); }

  [[nodiscard]] bool counted(const std::string& labels) const {
    return prometheus::TextSerializer{}.Serialize(registry_.Collect()).find("cued_mails_total{" + labels + "} 1") !=
           std::string::npos;
  }

  scripted_sender sender_;
  prometheus::Registry registry_;
  actors::mail_notifier post_{settings(), sender_, registry_};
  const instant noon_ = std::chrono::sys_days{std::chrono::year{2026} / 11 / 24} + 12h + 5s;
};

TEST_F(mail_notifier, a_letter_is_one_post_to_the_mail_service_with_its_key) {
  post_.api_key_regenerated("a@b.com", noon_);
  const auto& request = sender_.requests.at(0);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "http://mail.example/api/emails");
  EXPECT_EQ(request.headers.at(0), (std::pair<std::string, std::string>{"Authorization", "Bearer re_secret"}));
  EXPECT_EQ(request.headers.at(1), (std::pair<std::string, std::string>{"Content-Type", "application/json"}));
  EXPECT_EQ(request.deadline, 10s);
  EXPECT_EQ(letter().members().size(), 4u);
  EXPECT_EQ(member("from"), "Cued <cued@host.example>");
  EXPECT_EQ(json::compact(*letter().find("to")), R"(["a@b.com"])");
  EXPECT_EQ(member("subject"), "[CueAPI] API key regenerated");
  EXPECT_NE(member("html").find("2026-11-24 12:00:05 UTC"), std::string::npos);
  EXPECT_TRUE(counted(R"(letter="key_regenerated",result="sent")"));
}

TEST_F(mail_notifier, the_other_subjects_are_the_references) {
  post_.magic_link("a@b.com", "https://host/v1/auth/verify?token=1&device_code=2");
  post_.webhook_secret_rotated("a@b.com", noon_);
  post_.execution_failed("a@b.com", {"backup", "cue_1", "e-1", "disk full"}, {});
  post_.worker_offline("a@b.com", {"mac-mini", 6, 1}, {});
  const std::vector<std::string> subjects{"Sign in to CueAPI", "[CueAPI] Webhook secret rotated",
                                          "[CueAPI] Execution failed: backup", "CueAPI: Worker mac-mini offline"};
  ASSERT_EQ(sender_.requests.size(), subjects.size());
  for (std::size_t i = 0; i < subjects.size(); ++i)
    EXPECT_EQ(json::parse(sender_.requests[i].body)->find("subject")->as_string(), subjects[i]);
  EXPECT_NE(sender_.requests[0].body.find("href=\\\"https://host/v1/auth/verify?token=1&amp;device_code=2\\\""),
            std::string::npos);
}

TEST_F(mail_notifier, what_users_chose_is_escaped_in_the_html_and_keeps_to_one_line_in_the_subject) {
  post_.execution_failed("a@b.com", {"<b>\r\nBcc: x@y.z & \"co\"", "cue_1", "e-1", "<script>'"}, {});
  EXPECT_EQ(member("subject"), "[CueAPI] Execution failed: <b>  Bcc: x@y.z & \"co\"");
  EXPECT_NE(member("html").find("&lt;b&gt;\r\nBcc: x@y.z &amp; &quot;co&quot;"), std::string::npos);
  EXPECT_NE(member("html").find("&lt;script&gt;&#39;"), std::string::npos);
  EXPECT_EQ(member("html").find("<script>"), std::string::npos);
}

TEST_F(mail_notifier, whoever_asked_is_told_how_it_ended) {
  std::vector<actors::letter_result> ended;
  const auto keep = [&](const actors::letter_result& one) { ended.push_back(one); };
  sender_.answer = [](std::size_t nth) {
    actors::webhook_response answer;
    if (nth == 1)
      answer.status = 201;
    else if (nth == 2) {
      answer.status = 422;
      answer.body = R"({"message":"Invalid `to` field"})";
    } else {
      answer.what = nth == 3 ? actors::webhook_response::failure::timed_out
                             : actors::webhook_response::failure::could_not_connect;
      answer.detail = "Connection refused";
    }
    return answer;
  };
  for (int i = 0; i < 4; ++i)
    post_.worker_offline("a@b.com", {"w", 6, 0}, keep);
  ASSERT_EQ(ended.size(), 4u);
  EXPECT_TRUE(ended[0].sent);
  EXPECT_EQ(ended[1].status, 422);
  EXPECT_EQ(ended[1].why, R"(The mail service answered 422: {"message":"Invalid `to` field"})");
  EXPECT_EQ(ended[2].why, "The mail service did not answer in time");
  EXPECT_EQ(ended[3].why, "The mail service was not reached: Connection refused");
  EXPECT_FALSE(ended[1].sent || ended[2].sent || ended[3].sent);
  EXPECT_TRUE(counted(R"(letter="worker_offline",result="sent")"));
}

TEST_F(mail_notifier, a_long_reason_is_cut_between_characters) {
  sender_.answer = [](std::size_t) {
    actors::webhook_response answer;
    answer.status = 500;
    for (int i = 0; i < 500; ++i)
      answer.body += "\xC3\xA4"; // ä
    return answer;
  };
  actors::letter_result ended;
  post_.worker_offline("a@b.com", {"w", 6, 0}, [&](const actors::letter_result& one) { ended = one; });
  EXPECT_LE(ended.why.size(), 300u);
  EXPECT_TRUE(ended.why.ends_with("\xC3\xA4"));
}

TEST_F(mail_notifier, in_development_a_magic_link_is_not_mailed) {
  auto chosen = settings();
  chosen.magic_links_to_log = true;
  prometheus::Registry registry;
  actors::mail_notifier development{chosen, sender_, registry};
  EXPECT_TRUE(development.delivers_magic_links());
  development.magic_link("a@b.com", "https://host/link");
  EXPECT_TRUE(sender_.requests.empty());
}

} // namespace
} // namespace cued::test
