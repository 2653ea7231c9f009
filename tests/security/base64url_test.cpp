#include "security/base64url.hpp"

#include <gtest/gtest.h>

namespace cued::security {
namespace {

struct pair {
  std::string_view bytes, padded, bare;
};

// RFC 4648 §10, and the two letters in which base64url differs
constexpr pair pairs[] = {{"", "", ""},
                          {"f", "Zg==", "Zg"},
                          {"fo", "Zm8=", "Zm8"},
                          {"foo", "Zm9v", "Zm9v"},
                          {"foob", "Zm9vYg==", "Zm9vYg"},
                          {"\xFB\xEF\xFF", "--__", "--__"}};

TEST(base64url, agrees_with_the_published_vectors) {
  for (const auto& [bytes, padded, bare] : pairs) {
    EXPECT_EQ(to_base64url(bytes, padding::required), padded);
    EXPECT_EQ(to_base64url(bytes, padding::none), bare);
    EXPECT_EQ(from_base64url(padded, padding::required), bytes);
    EXPECT_EQ(from_base64url(bare, padding::none), bytes);
  }
}

TEST(base64url, text_that_encodes_nothing_is_refused) {
  for (const std::string_view text : {"A", "AAAAA", "Zg=", "Zg==", "Zm+v", "Zm/v", "Zm v", "Zm9v\n", "Zh"})
    EXPECT_FALSE(from_base64url(text, padding::none)) << text;
  for (const std::string_view text : {"Zg", "Zm8", "Zg=", "Zh==", "====", "Z===", "Zg==Zg==", "=Zg="})
    EXPECT_FALSE(from_base64url(text, padding::required)) << text;
}

TEST(base64url, any_bytes_come_back) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(from_base64url(to_base64url(bytes, padding::none), padding::none), bytes);
    EXPECT_EQ(from_base64url(to_base64url(bytes, padding::required), padding::required), bytes);
    bytes += static_cast<char>(i * 37);
  }
}

} // namespace
} // namespace cued::security
