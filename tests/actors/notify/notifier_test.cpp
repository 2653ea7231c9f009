#include "actors/notify/notifier.hpp"

#include <sstream>

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

using namespace cued;
using namespace cued::actors;
using namespace std::chrono_literals;

namespace {

const instant noon = std::chrono::sys_days{std::chrono::year{2026} / 11 / 24} + 12h + 5s + 678us;

/// What is logged while this object lives.
class captured_log {
public:
  captured_log() : before_{spdlog::default_logger()} {
    auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(text_);
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("captured", sink));
  }
  ~captured_log() { spdlog::set_default_logger(before_); }

  [[nodiscard]] std::string text() const { return text_.str(); }

private:
  std::shared_ptr<spdlog::logger> before_;
  std::ostringstream text_;
};

} // namespace

TEST(notifier, letters_tell_the_time_in_whole_seconds) { EXPECT_EQ(letter_time(noon), "2026-11-24 12:00:05 UTC"); }

TEST(notifier, a_magic_link_is_logged_only_where_it_is_wanted) {
  captured_log log;
  log_notifier withheld{log_notifier::magic_links::withheld};
  EXPECT_FALSE(withheld.delivers_magic_links());
  withheld.magic_link("a@b.com", "https://host/link");
  EXPECT_EQ(log.text(), "");

  log_notifier written_out{log_notifier::magic_links::written_out};
  EXPECT_TRUE(written_out.delivers_magic_links());
  written_out.magic_link("a@b.com", "https://host/link");
  EXPECT_NE(log.text().find("https://host/link"), std::string::npos);
}

TEST(notifier, what_would_have_been_mailed_is_logged) {
  captured_log log;
  log_notifier letters{log_notifier::magic_links::withheld};
  letters.api_key_regenerated("a@b.com", noon);
  letters.webhook_secret_rotated("c@d.com", noon);
  EXPECT_NE(log.text().find("a@b.com"), std::string::npos);
  EXPECT_NE(log.text().find("c@d.com"), std::string::npos);
}
