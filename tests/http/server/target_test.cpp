#include <gtest/gtest.h>

#include "http/server/target.hpp"

namespace cued::http {
namespace {

using pairs = std::vector<std::pair<std::string, std::string>>;

TEST(http_target, a_path_is_decoded_once) {
  EXPECT_EQ(read_target("/a%2Fb%40c%2541").path, "/a/b@c%41");
  EXPECT_EQ(read_target("/a%00b").path, std::string("/a\0b", 4));
  EXPECT_EQ(read_target("/a+b").path, "/a+b") << "a plus is a blank in queries only";
}

TEST(http_target, a_broken_escape_stays_as_it_is) {
  for (const auto* text : {"/a%", "/a%4", "/a%zz", "/%"})
    EXPECT_EQ(read_target(text).path, text);
}

TEST(http_target, what_is_not_utf8_becomes_the_replacement_character) {
  EXPECT_EQ(read_target("/%FF").path, "/\xEF\xBF\xBD");
  EXPECT_EQ(read_target("/%C3%A9").path, "/\xC3\xA9");
  EXPECT_EQ(read_target("/?a=%ED%A0%80").query, (pairs{{"a", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"}}));
  EXPECT_EQ(valid_utf8("\xC0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(valid_utf8("\xF4\x90\x80\x80").size(), 12u);
  EXPECT_EQ(valid_utf8("\xF0\x9F\x98\x80"), "\xF0\x9F\x98\x80");
}

TEST(http_target, a_query_is_read_into_pairs) {
  EXPECT_EQ(read_target("/x?a=1&b=%20+&c&&d==&=e").query,
            (pairs{{"a", "1"}, {"b", "  "}, {"c", ""}, {"d", "="}, {"", "e"}}));
  EXPECT_EQ(read_target("/x?").query, pairs{});
  EXPECT_EQ(read_target("/x?").path, "/x");
}

TEST(http_target, the_absolute_form_is_the_same_path) {
  EXPECT_EQ(read_target("http://host:8000/v1/cues?limit=1").path, "/v1/cues");
  EXPECT_EQ(read_target("http://host").path, "/");
}

TEST(http_target, encoding_undoes_decoding) {
  const std::string path = "/v1/agents/bot@acme/ü ?#%";
  EXPECT_EQ(read_target(encode_path(path)).path, path);
}

} // namespace
} // namespace cued::http
