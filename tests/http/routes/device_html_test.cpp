#include "http/routes/device_html.hpp"

#include <gmock/gmock.h>

using namespace cued::http;
using testing::HasSubstr;
using testing::Not;

namespace {

std::string policy_of(const response& out) {
  for (const auto& [name, value] : out.headers)
    if (name == "Content-Security-Policy")
      return value;
  return {};
}

} // namespace

TEST(device_html, percent_encoding_leaves_only_unreserved_characters) {
  EXPECT_EQ(percent_encoded("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(percent_encoded("a b&c=d/\xc3\xa9\""), "a%20b%26c%3Dd%2F%C3%A9%22");
}

TEST(device_html, the_login_page_shows_the_code_and_runs_one_script) {
  const auto out = device_page("ABCD-EFGH", "0f3c");
  EXPECT_EQ(out.status, 200);
  EXPECT_EQ(out.content_type, "text/html; charset=utf-8");
  EXPECT_THAT(out.body, HasSubstr("CueAPI Login"));
  EXPECT_THAT(out.body, HasSubstr("ABCD-EFGH"));
  EXPECT_THAT(out.body, HasSubstr("<script nonce=\"0f3c\">"));
  EXPECT_THAT(policy_of(out), HasSubstr("script-src 'nonce-0f3c'"));
}

TEST(device_html, a_hostile_code_stays_text) {
  const auto out = device_page("\"><script>alert(1)</script>", "0f3c");
  EXPECT_THAT(out.body, Not(HasSubstr("<script>alert")));
}

TEST(device_html, the_confirm_page_names_the_address_and_the_code_and_runs_nothing) {
  const auto out = confirm_page("ABCD-EFGH", "a<b@c.com", false);
  EXPECT_THAT(out.body, HasSubstr("a&lt;b@c.com"));
  EXPECT_THAT(out.body, HasSubstr("ABCD-EFGH"));
  EXPECT_THAT(out.body, HasSubstr("<form method=\"post\">"));
  EXPECT_THAT(policy_of(out), Not(HasSubstr("script-src")));
}

TEST(device_html, the_dashboard_runs_one_script_and_talks_to_this_server_only) {
  const auto out = dashboard_page("0f3c");
  EXPECT_THAT(out.body, HasSubstr("<script nonce=\"0f3c\">"));
  EXPECT_THAT(out.body, Not(HasSubstr("innerHTML")));
  EXPECT_THAT(out.body, Not(HasSubstr("http")));
  EXPECT_THAT(policy_of(out), HasSubstr("connect-src 'self'"));
}

TEST(device_html, the_verified_page_leads_to_the_own_dashboard_and_leaves_the_code_alone) {
  const auto out = verified_page("https://cue.example/dashboard", "one-time", "a@b.com", "0f3c");
  EXPECT_EQ(out.status, 200);
  EXPECT_THAT(out.body, HasSubstr("<title>CueAPI - Verified</title>"));
  EXPECT_THAT(out.body, HasSubstr("Redirecting to dashboard"));
  EXPECT_THAT(out.body, HasSubstr("https://cue.example/dashboard#auth=%7B%22sessionToken%22%3A%22one-time%22%2C%22"
                                  "email%22%3A%22a%40b.com%22%7D"));
  EXPECT_THAT(out.body, Not(HasSubstr("/v1/auth/device-code/poll")));
}

TEST(device_html, a_refusal_tells_its_reason) {
  const auto out = refused_page(400, "Device code expired");
  EXPECT_EQ(out.status, 400);
  EXPECT_THAT(out.body, HasSubstr("Device code expired"));
}
