#include "security/redaction.hpp"

#include <gtest/gtest.h>

namespace cued::security {
namespace {

TEST(redaction, secrets_are_masked_and_their_kind_is_kept) {
  EXPECT_EQ(redacted("key cue_sk_00112233445566778899aabbccddeeff, done"), "key cue_sk_***, done");
  EXPECT_EQ(redacted("\"whsec_0123456789abcdef0123456789abcdef\""), "\"whsec_***\"");
  EXPECT_EQ(redacted("token=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_x!"), "token=eyJ***!");
  EXPECT_EQ(redacted("copy gAAAAABpVzWlAAECAwQF=="), "copy gAAAA***");
}

TEST(redaction, what_follows_bearer_is_masked_whatever_it_is) {
  EXPECT_EQ(redacted("Authorization: Bearer internal-token-of-ours\r\n"), "Authorization: Bearer ***\r\n");
  EXPECT_EQ(redacted("bearer cue_sk_00112233445566778899aabbccddeeff"), "bearer ***");
}

TEST(redaction, all_of_several_are_masked) {
  EXPECT_EQ(redacted("cue_sk_0123456789 cue_sk_0123456789;whsec_0123456789"), "cue_sk_*** cue_sk_***;whsec_***");
}

TEST(redaction, known_secrets_are_masked_wherever_they_stand_and_short_ones_are_left_to_the_words_they_are_part_of) {
  const std::vector<std::string> known{"0123456789tiger", "id"};
  EXPECT_EQ(redacted("a0123456789tiger0123456789tigerb id=1", known), "a******b id=1");
  EXPECT_EQ(redacted("Bearer 0123456789tiger", known), "Bearer ***");
}

TEST(redaction, everything_else_stays) {
  for (const std::string_view text : {"", "cue_abc123def456 is due", "keys begin with cue_sk_", "the Bearer of news",
                                      "prefix cue_sk_00112", "é \xFF\n"})
    EXPECT_EQ(redacted(text), text);
}

} // namespace
} // namespace cued::security
