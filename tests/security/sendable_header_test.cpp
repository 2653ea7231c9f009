#include "security/sendable_header.hpp"

#include <gtest/gtest.h>

using namespace std::string_view_literals;

namespace cued::security {

TEST(sendable_header, ordinary_names_and_values_pass) {
  EXPECT_TRUE(is_sendable_header("Authorization", "Bearer a.b-c_d"));
  EXPECT_TRUE(is_sendable_header("X-My!Header~1", "a\tb  c"));
  EXPECT_TRUE(is_sendable_header("x", ""));
}

TEST(sendable_header, nothing_in_a_value_can_end_the_line) {
  EXPECT_FALSE(is_sendable_header("X-A", "a\r\nX-Injected: yes"));
  EXPECT_FALSE(is_sendable_header("X-A", "a\nb"));
  EXPECT_FALSE(is_sendable_header("X-A", "a\rb"));
  EXPECT_FALSE(is_sendable_header("X-A", "a\0b"sv));
  EXPECT_FALSE(is_sendable_header("X-A", "a\x7f"));
  EXPECT_FALSE(is_sendable_header("X-A", "gr\xc3\xbc\xc3\x9f"));
}

TEST(sendable_header, blanks_at_the_ends_of_a_value_are_refused_for_receivers_would_not_see_them) {
  EXPECT_FALSE(is_sendable_header("X-A", " a"));
  EXPECT_FALSE(is_sendable_header("X-A", "a "));
  EXPECT_FALSE(is_sendable_header("X-A", "\t"));
}

TEST(sendable_header, a_name_is_a_token) {
  EXPECT_FALSE(is_sendable_header("", "a"));
  EXPECT_FALSE(is_sendable_header("X A", "a"));
  EXPECT_FALSE(is_sendable_header("X:A", "a"));
  EXPECT_FALSE(is_sendable_header("X\nA", "a"));
  EXPECT_FALSE(is_sendable_header("X-\xc3\xbc", "a"));
  EXPECT_FALSE(is_sendable_header("X\0"sv, "a"));
}

TEST(sendable_header, framing_and_signature_belong_to_us_in_any_letter_case) {
  for (const auto name :
       {"Host", "CONTENT-LENGTH", "transfer-encoding", "Connection", "X-CueAPI-Signature", "x-cueapi-timestamp",
        "Upgrade", "TE", "x-cueapi-signature-previous", "webhook-id", "Webhook-Timestamp", "WEBHOOK-SIGNATURE"})
    EXPECT_TRUE(is_reserved_header(name)) << name;
  for (const auto name : {"User-Agent", "Content-Type", "Authorization", "X-CueAPI-Cue-Id", "Hosts", "", "Accept",
                          "webhook", "webhook-idx", "svix-id"})
    EXPECT_FALSE(is_reserved_header(name)) << name;
  EXPECT_TRUE(is_framing_header("content-Length"));
  EXPECT_FALSE(is_framing_header("X-CueAPI-Signature"));
}

} // namespace cued::security
