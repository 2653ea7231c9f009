#include "security/random.hpp"

#include <map>
#include <set>

#include <gtest/gtest.h>

#include "tests/security/fixed_random.hpp"

namespace cued::security {
namespace {

bool consists_of(std::string_view text, std::string_view alphabet) {
  return text.find_first_not_of(alphabet) == std::string_view::npos;
}

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::string_view id_letters = "abcdefghijklmnopqrstuvwxyz0123456789";

TEST(random, hex_is_lower_case_and_two_digits_per_byte) {
  fixed_random random(std::string("\x00\x0F\xA5\xFF", 4));
  EXPECT_EQ(random_hex(random, 4), "000fa5ff");
  EXPECT_EQ(random_hex(random, 0), "");
}

TEST(random, a_uuid_is_marked_as_version_4) {
  fixed_random zeros(std::string(1, '\0')), ones(std::string(1, '\xFF'));
  EXPECT_EQ(new_uuid(zeros), "00000000-0000-4000-8000-000000000000");
  EXPECT_EQ(new_uuid(ones), "ffffffff-ffff-4fff-bfff-ffffffffffff");
}

TEST(random, ids_are_a_prefix_and_twelve_letters) {
  system_random random;
  const std::string ids[] = {new_cue_id(random), new_agent_id(random), new_message_id(random)};
  const std::string_view prefixes[] = {"cue_", "agt_", "msg_"};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(ids[i].size(), 16u);
    EXPECT_TRUE(ids[i].starts_with(prefixes[i])) << ids[i];
    EXPECT_TRUE(consists_of(ids[i].substr(4), id_letters)) << ids[i];
  }
}

TEST(random, bytes_that_would_favour_some_letters_are_passed_over) {
  fixed_random random(std::string("\xFF\xFC", 2) + counting_bytes(252));
  EXPECT_EQ(new_cue_id(random), "cue_abcdefghijkl");
}

TEST(random, each_letter_stands_for_equally_many_bytes) {
  std::map<char, int> bytes_of_letter;
  for (int byte = 0; byte < 252; ++byte) {
    fixed_random random(std::string(1, static_cast<char>(byte)));
    ++bytes_of_letter[new_cue_id(random).back()];
  }
  ASSERT_EQ(bytes_of_letter.size(), id_letters.size());
  for (const auto& [letter, bytes] : bytes_of_letter)
    EXPECT_EQ(bytes, 7) << letter;
}

TEST(random, keys_and_secrets_have_their_forms) {
  system_random random;
  const auto key = new_api_key(random), secret = new_webhook_secret(random), token = new_token(random);
  EXPECT_EQ(key.size(), 39u);
  EXPECT_TRUE(key.starts_with("cue_sk_") && consists_of(key.substr(7), hex_digits)) << key;
  EXPECT_EQ(secret.size(), 70u);
  EXPECT_TRUE(secret.starts_with("whsec_") && consists_of(secret.substr(6), hex_digits));
  EXPECT_EQ(token.size(), 64u);
  EXPECT_TRUE(consists_of(token, hex_digits));
}

TEST(random, the_system_does_not_repeat_itself) {
  system_random random;
  std::set<std::string> seen;
  for (int i = 0; i < 2'000; ++i) {
    EXPECT_TRUE(seen.insert(new_api_key(random)).second);
    EXPECT_TRUE(seen.insert(new_cue_id(random)).second);
    EXPECT_TRUE(seen.insert(new_uuid(random)).second);
  }
}

} // namespace
} // namespace cued::security
