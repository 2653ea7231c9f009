#include "security/fernet.hpp"

#include <gtest/gtest.h>

#include "security/base64url.hpp"
#include "tests/security/fixed_random.hpp"

namespace cued::security {
namespace {

// spec/auth.md §1.5
constexpr std::string_view secret = "test-secret-key-32-chars-minimum";
constexpr std::string_view key = "cue_sk_00112233445566778899aabbccddeeff";
constexpr std::string_view token =
    "gAAAAABpVzWlAAECAwQFBgcICQoLDA0OD5L3z2rH6pAy5rZRCjLYZj3nIwNqbglwagpOxF1B4NRKLrzSnYRixZ"
    "IzYs9qsyD_1hLS5ut59zJnlpXk8kn0pD1dq8952EqJTOayq7kDzUX8";

TEST(fernet, reproduces_the_vector) {
  fixed_random iv(counting_bytes(16));
  EXPECT_EQ(fernet(secret).encrypt(key, 1767323045, iv), token);
}

TEST(fernet, reads_the_vector) { EXPECT_EQ(fernet(secret).decrypt(token), key); }

TEST(fernet, a_token_of_another_secret_is_not_read) { EXPECT_FALSE(fernet("another").decrypt(token)); }

TEST(fernet, what_was_altered_is_not_read) {
  auto bytes = *from_base64url(token, padding::required);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto altered = bytes;
    altered[i] = static_cast<char>(altered[i] ^ 1);
    EXPECT_FALSE(fernet(secret).decrypt(to_base64url(altered, padding::required))) << i;
  }
}

TEST(fernet, what_is_no_token_is_not_read) {
  for (const std::string_view text : {"", "gAAAAA==", "cue_sk_00112233445566778899aabbccddeeff", "%%%%"})
    EXPECT_FALSE(fernet(secret).decrypt(text)) << text;
  EXPECT_FALSE(fernet(secret).decrypt(token.substr(0, token.size() - 4)));
}

TEST(fernet, texts_of_any_length_come_back) {
  system_random random;
  std::string text;
  for (int i = 0; i < 70; ++i, text += static_cast<char>(i))
    EXPECT_EQ(fernet(secret).decrypt(fernet(secret).encrypt(text, i, random)), text);
}

TEST(fernet, the_same_text_is_never_encrypted_alike) {
  system_random random;
  EXPECT_NE(fernet(secret).encrypt(key, 1, random), fernet(secret).encrypt(key, 1, random));
}

} // namespace
} // namespace cued::security
