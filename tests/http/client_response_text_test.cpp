#include "http/client/response_text.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

using namespace std::string_literals;

namespace cued::http::client {

namespace {

std::string compressed(std::string_view text, int window_bits) {
  z_stream stream{};
  deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, window_bits, 9, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

constexpr int gzip_frame = 15 + 16, zlib_frame = 15, no_frame = -15;

} // namespace

TEST(response_text, every_frame_of_deflate_is_undone) {
  EXPECT_EQ(decompress(compressed("hello", gzip_frame), "gzip"), "hello");
  EXPECT_EQ(decompress(compressed("hello", gzip_frame), "X-GZIP"), "hello");
  EXPECT_EQ(decompress(compressed("hello", zlib_frame), "deflate"), "hello");
  EXPECT_EQ(decompress(compressed("hello", no_frame), "deflate"), "hello");
}

TEST(response_text, a_bomb_is_not_unpacked_beyond_the_limit) {
  const std::string bomb = compressed(std::string(100 << 20, 'a'), gzip_frame);
  EXPECT_EQ(decompress(bomb, "gzip"), std::string(body_limit_bytes, 'a'));
}

TEST(response_text, of_a_truncated_stream_the_beginning_is_kept) {
  std::string text;
  for (int i = 0; i < 400; ++i)
    text += std::to_string(i * 7919) + ' ';
  const auto whole = compressed(text, gzip_frame);
  const auto out = decompress(std::string_view{whole}.substr(0, whole.size() / 2), "gzip");
  EXPECT_FALSE(out.empty());
  EXPECT_TRUE(text.starts_with(out));
}

TEST(response_text, what_is_not_compressed_or_in_an_unknown_encoding_stays_as_it_is) {
  EXPECT_EQ(decompress("plain", ""), "plain");
  EXPECT_EQ(decompress("plain", "identity"), "plain");
  EXPECT_EQ(decompress("plain", "br"), "plain");
  EXPECT_EQ(decompress("not gzip at all", "gzip"), "");
}

TEST(response_text, the_charset_is_found_among_other_parameters) {
  EXPECT_EQ(charset_of("text/html; charset=ISO-8859-1"), "ISO-8859-1");
  EXPECT_EQ(charset_of("text/html;boundary=x; Charset=\"latin1\" ;a=b"), "latin1");
  EXPECT_EQ(charset_of("application/json"), "");
  EXPECT_EQ(charset_of("text/plain; charset="), "");
  EXPECT_EQ(charset_of("text/plain;"), "");
}

TEST(response_text, bytes_that_are_no_utf_8_become_replacement_characters) {
  EXPECT_EQ(readable_text("a\xff"
                          "b",
                          ""),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(readable_text("\xc0\xaf", ""), "\xEF\xBF\xBD\xEF\xBF\xBD");                 // overlong
  EXPECT_EQ(readable_text("\xed\xa0\x80", ""), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"); // surrogate
  EXPECT_EQ(readable_text("x\xf0\x9f\x98", ""), "x\xEF\xBF\xBD");                       // cut within a character
  EXPECT_EQ(readable_text("\xf4\x90\x80\x80", "").size(), 4u * 3u);                     // beyond U+10FFFF
  EXPECT_EQ(readable_text("\xf0\x9f\x98\x80", "utf-8"), "\xf0\x9f\x98\x80");
}

TEST(response_text, null_characters_are_dropped_for_the_database_cannot_hold_them) {
  EXPECT_EQ(readable_text("a\0b\0"s, ""), "ab");
}

TEST(response_text, the_declared_charset_counts) {
  EXPECT_EQ(readable_text("gr\xfc\xdf", "ISO-8859-1"), "gr\xc3\xbc\xc3\x9f");
  EXPECT_EQ(readable_text("\x80", "windows-1252"), "\xe2\x82\xac");
  EXPECT_EQ(readable_text("a\x81"
                          "b",
                          "windows-1252"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(readable_text("\xfc", "x-never-heard-of"), "\xEF\xBF\xBD");
}

TEST(response_text, the_cut_counts_characters_not_bytes) {
  std::string euros;
  for (int i = 0; i < 2500; ++i)
    euros += "\xe2\x82\xac";
  EXPECT_EQ(readable_text(euros, "").size(), kept_characters * 3);
  EXPECT_EQ(readable_text(std::string(2001, 'a'), "").size(), kept_characters);
}

} // namespace cued::http::client
