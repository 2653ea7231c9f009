#include <gtest/gtest.h>

#include "http/validation/coercions.hpp"

/// What a value means when a number, a text, ... is wanted: spec/cues.md §0, texts of spec/http.md §3.2.
namespace cued::http {
namespace {

json::value v(std::string_view text) {
  auto parsed = json::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? *parsed : json::value{};
}

TEST(coercion_to_integer, takes_what_is_an_integer) {
  const std::pair<const char*, std::int64_t> table[]{{"5", 5},
                                                     {"-7", -7},
                                                     {"5.0", 5},
                                                     {"1e2", 100},
                                                     {"-0.0", 0},
                                                     {"true", 1},
                                                     {"false", 0},
                                                     {"\"12\"", 12},
                                                     {"\" -3 \"", -3},
                                                     {"\"+4\"", 4},
                                                     {"\"3.0\"", 3},
                                                     {"\"007\"", 7},
                                                     {"\"1.\\u0030\"", 1},
                                                     {"9223372036854775807", INT64_MAX},
                                                     {"-9223372036854775808", INT64_MIN}};
  for (const auto& [text, expected] : table) {
    const auto n = to_integer(v(text));
    ASSERT_TRUE(n) << text;
    EXPECT_EQ(n->value, expected) << text;
    EXPECT_FALSE(n->beyond_int64) << text;
  }
}

TEST(coercion_to_integer, says_what_is_wrong_with_the_rest) {
  const std::pair<const char*, const char*> table[]{
      {"null", "Input should be a valid integer"},
      {"[]", "Input should be a valid integer"},
      {"{}", "Input should be a valid integer"},
      {"5.5", "Input should be a valid integer, got a number with a fractional part"},
      {"1e-1", "Input should be a valid integer, got a number with a fractional part"},
      {"\"\"", "Input should be a valid integer, unable to parse string as an integer"},
      {"\"0x10\"", "Input should be a valid integer, unable to parse string as an integer"},
      {"\"1e1\"", "Input should be a valid integer, unable to parse string as an integer"},
      {"\"true\"", "Input should be a valid integer, unable to parse string as an integer"},
      {"\"3.5\"", "Input should be a valid integer, unable to parse string as an integer"},
      {"\"3.\"", "Input should be a valid integer, unable to parse string as an integer"},
      {"\"- 3\"", "Input should be a valid integer, unable to parse string as an integer"}};
  for (const auto& [text, expected] : table) {
    const auto n = to_integer(v(text));
    ASSERT_FALSE(n) << text;
    EXPECT_EQ(n.error(), expected) << text;
  }
  EXPECT_EQ(to_integer(std::string(4301, '1')).error(),
            "Unable to parse input string as an integer, exceeded maximum size");
}

TEST(coercion_to_integer, notices_what_no_column_can_hold) {
  EXPECT_TRUE(to_integer(v("9223372036854775808"))->beyond_int64);
  EXPECT_TRUE(to_integer(v("1e30"))->beyond_int64);
  EXPECT_LT(to_integer(v("-1e30"))->value, 0);
  EXPECT_TRUE(to_integer("-9223372036854775809")->beyond_int64);
}

TEST(coercion_to_boolean, takes_the_words_and_nothing_else) {
  for (const auto* text : {"true", "1", "1.0", "\"true\"", "\"T\"", "\"YES\"", "\"y\"", "\"On\"", "\"1\""}) {
    ASSERT_TRUE(to_boolean(v(text))) << text;
    EXPECT_TRUE(*to_boolean(v(text))) << text;
  }
  for (const auto* text : {"false", "0", "0.0", "\"False\"", "\"f\"", "\"no\"", "\"N\"", "\"off\"", "\"0\""}) {
    ASSERT_TRUE(to_boolean(v(text))) << text;
    EXPECT_FALSE(*to_boolean(v(text))) << text;
  }
  for (const auto* text : {"2", "0.5", "\"\"", "\" true\"", "\"enabled\""})
    EXPECT_EQ(to_boolean(v(text)).error(), "Input should be a valid boolean, unable to interpret input") << text;
  for (const auto* text : {"null", "[]", "{}"})
    EXPECT_EQ(to_boolean(v(text)).error(), "Input should be a valid boolean") << text;
}

TEST(coercion_to_text, takes_texts_only) {
  EXPECT_EQ(*to_text(v("\"é\"")), "é");
  for (const auto* text : {"null", "1", "true", "[]", "{}"})
    EXPECT_EQ(to_text(v(text)).error(), "Input should be a valid string") << text;
  EXPECT_EQ(to_text(v("\"a\\u0000b\"")).error(), null_character_refused);
}

TEST(coercion_to_time, takes_texts_and_numbers) {
  EXPECT_EQ(to_time(v("1767323045"))->at, to_time(v("\"2026-01-02T03:04:05Z\""))->at);
  EXPECT_FALSE(to_time(v("\"2026-01-02T03:04:05\""))->offset);
  for (const auto* text : {"null", "true", "[]", "{}"})
    EXPECT_EQ(to_time(v(text)).error(), "Input should be a valid datetime") << text;
}

TEST(coercion_to_uuid, takes_the_four_spellings) {
  for (const std::string_view text :
       {"11111111-2222-4333-8444-55555555abcd", "11111111-2222-4333-8444-55555555ABCD",
        "11111111222243338444555555 55abcd", "{11111111-2222-4333-8444-55555555abcd}",
        "urn:uuid:11111111-2222-4333-8444-55555555abcd", "URN:UUID:11111111-2222-4333-8444-55555555abcd"}) {
    std::string packed{text};
    std::erase(packed, ' ');
    ASSERT_TRUE(to_uuid(packed)) << packed;
    EXPECT_EQ(*to_uuid(packed), "11111111-2222-4333-8444-55555555abcd") << packed;
  }
  for (const std::string_view text :
       {"", "1", "11111111-2222-4333-8444-55555555abcg", "11111111-2222-4333-8444-55555555abcde",
        "11111111+2222-4333-8444-55555555abcd", "{11111111-2222-4333-8444-55555555abcd", "{}"})
    EXPECT_FALSE(to_uuid(text)) << text;
  EXPECT_EQ(to_uuid(v("1")).error(), "UUID input should be a string, bytes or UUID object");
}

TEST(coercion_of_length, counts_code_points) { EXPECT_EQ(length_in_code_points("aé😀"), 3u); }

} // namespace
} // namespace cued::http
