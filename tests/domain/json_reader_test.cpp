#include "domain/json/value.hpp"

#include <gtest/gtest.h>

namespace cued::json {
namespace {

value parsed(std::string_view text) {
  auto v = parse(text);
  EXPECT_TRUE(v.has_value()) << text;
  return v ? *v : value();
}

std::string refusal(std::string_view text) {
  auto v = parse(text);
  EXPECT_FALSE(v.has_value()) << text;
  return v ? "" : v.error().code;
}

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(json_reader, every_kind_of_value_is_read) {
  const auto v = parsed(R"( {"n":null,"t":true,"f":false,"s":"x","i":-12,"d":1.50,"a":[1,[]],"o":{}} )");
  ASSERT_EQ(v.kind(), kind::object);
  EXPECT_TRUE(v.find("n")->is_null());
  EXPECT_TRUE(v.find("t")->as_boolean());
  EXPECT_EQ(*v.find("f"), value::boolean(false));
  EXPECT_EQ(v.find("s")->as_string(), "x");
  EXPECT_EQ(*v.find("i"), value::number(-12));
  EXPECT_EQ(*v.find("a"), value::array({value::number(1), value::array({})}));
  EXPECT_EQ(*v.find("o"), value::object({}));
  EXPECT_EQ(v.find("absent"), nullptr);
}

TEST(json_reader, a_number_keeps_its_text) {
  for (const std::string text : {"0", "-0", "1.10", "1e5", "12345678901234567890123456789012", "1E+2", "5e-324"})
    EXPECT_EQ(parsed(text).number_text(), text);
}

TEST(json_reader, a_lone_scalar_is_a_document) {
  EXPECT_TRUE(parsed(" null\n").is_null());
  EXPECT_EQ(parsed("\t\"a\" ").as_string(), "a");
  EXPECT_EQ(parsed("7 ").number_text(), "7");
}

TEST(json_reader, a_byte_order_mark_is_skipped) { EXPECT_EQ(parsed("\xEF\xBB\xBF{}"), value::object({})); }

TEST(json_reader, escapes_are_undone) {
  EXPECT_EQ(parsed(R"("\"\\\/\b\f\n\r\tA\u00e9\ud83d\ude00")").as_string(), "\"\\/\b\f\n\r\tA\u00e9\U0001F600");
  EXPECT_EQ(parsed(R"("a\u0000b")").as_string(), std::string("a\0b", 3));
}

TEST(json_reader, the_last_of_duplicate_members_wins_in_the_place_of_the_first) {
  const auto v = parsed(R"({"b":1,"a":2,"b":3,"c":4,"a":5,"b":6})");
  ASSERT_EQ(v.members().size(), 3u);
  EXPECT_EQ(compact(v), R"({"b":6,"a":5,"c":4})");
}

TEST(json_reader, malformed_text_is_invalid_json) {
  for (const std::string_view text : {"",          " ",
                                      "{",         "[",
                                      "]",         "}",
                                      "[1",        "[1}",
                                      "{\"a\":1]", "{\"a\"}",
                                      "{\"a\":}",  "{a:1}",
                                      "{'a':1}",   "{\"a\":1,}",
                                      "[1,]",      "[,1]",
                                      "[1 2]",     "1 2",
                                      "{} {}",     "[1],[2]",
                                      "1,2",       "nul",
                                      "nulls",     "True",
                                      "tru",       "\"abc",
                                      "\"a\"b",    "\"\\x41\"",
                                      "\"\\u12\"", "\"\\u00g0\"",
                                      "\"a\nb\"",  "\"\x01\"",
                                      "[1]//",     "/* */1",
                                      "\x0C 1",    "{\"a\" 1}",
                                      "{1:2}",     "{\"a\":1 \"b\":2}",
                                      ":",         ",",
                                      "\"a\":1"})
    EXPECT_EQ(refusal(text), "invalid_json") << text;
}

TEST(json_reader, what_is_no_json_number_is_invalid_json) {
  for (const std::string_view text : {"01", "-", "+1", "1.", ".5", "1e", "1e+", "0x10", "1_0", "--1", "1.5.2", "-a",
                                      "1a", "NaN", "Infinity", "-Infinity", "1e999", "-1E400", "1.8e308"})
    EXPECT_EQ(refusal(text), "invalid_json") << text;
}

TEST(json_reader, a_lone_surrogate_is_invalid_json) {
  for (const std::string_view text :
       {R"("\ud800")", R"("\udc00")", R"("\ud800A")", R"("\ud800\ud800")", R"("\udc00\ud800")", R"({"\udfff":1})"})
    EXPECT_EQ(refusal(text), "invalid_json") << text;
}

TEST(json_reader, a_lone_surrogate_is_kept_where_it_is_wanted_and_found_at_any_depth) {
  const auto kept = [](std::string_view text) { return parse(text, depth_limit_default, lone_surrogates::kept); };
  for (const std::string_view text :
       {R"("\ud800")", R"(["\udc00\ud800"])", R"({"a":{"\udfff":1}})", R"("a\n\u00e9\ud83d")"}) {
    const auto read = kept(text);
    ASSERT_TRUE(read) << text;
    EXPECT_TRUE(holds_lone_surrogate(*read)) << text;
  }
  EXPECT_EQ(kept(R"("\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00\ud800é")")->as_string(), "\"\\/\b\f\n\r\té😀\xED\xA0\x80é");
  EXPECT_EQ(compact(*kept(R"({"\ud800":1,"b":[2]})")), "{\"\xED\xA0\x80\":1,\"b\":[2]}");
  // Other faults stay faults, and whole pairs and the characters next to surrogates are none.
  for (const std::string_view text : {R"("\ud800\x")", R"("\ud800\u12")", R"("\ud80")", R"(["\ud800",])"})
    EXPECT_FALSE(kept(text)) << text;
  EXPECT_FALSE(holds_lone_surrogate(*kept(R"(["\ud83d\ude00","\ud7ff","\ue000"])")));
}

TEST(json_reader, wide_encodings_are_read_as_well) {
  const auto encoded = [](std::u32string_view text, std::size_t width, bool big_endian) {
    std::string out;
    for (const auto unit : text)
      for (std::size_t i = 0; i < width; ++i)
        out += static_cast<char>(unit >> 8 * (big_endian ? width - 1 - i : i));
    return out;
  };
  for (const std::size_t width : {2u, 4u})
    for (const bool big_endian : {true, false})
      for (const std::u32string_view mark : {U"", U"\uFEFF"}) {
        const auto text = encoded(std::u32string{mark} + U"{\"a\":\"é\"}", width, big_endian);
        EXPECT_EQ(compact(parsed(text)), "{\"a\":\"é\"}") << width << big_endian;
      }
  EXPECT_EQ(compact(parsed(encoded(U"1", 2, false))), "1");
  const char16_t pair[] = u"\"😀\"";
  EXPECT_EQ(parsed(encoded({std::u32string{pair, pair + 4}}, 2, true)).as_string(), "😀");
  const std::u32string half{U'"', 0xD83D, U'"', U' '};
  EXPECT_EQ(refusal(encoded(half, 2, true)), "http_error");
  EXPECT_EQ(refusal(encoded(U"[1]", 2, true) + "x"), "http_error");
  EXPECT_EQ(refusal(encoded(std::u32string{U'[', 0x110000, U']'}, 4, false)), "http_error");
  const auto once = encoded(U"[1]", 2, true);
  EXPECT_EQ(refusal(encoded(U"\uFEFF" + std::u32string{once.begin(), once.end()}, 2, true)), "invalid_json");
}

TEST(json_reader, errors_inside_what_nobody_asks_for_are_found) {
  EXPECT_EQ(refusal(R"({"a":{"b":[1,2,{"c":tru}]}})"), "invalid_json");
  EXPECT_EQ(refusal(R"([[[["\q"]]]])"), "invalid_json");
}

TEST(json_reader, invalid_utf8_cannot_be_read) {
  for (const std::string_view text : {"\"\xFF\"", "\"\xC3\"", "\"\xED\xA0\x80\"", "\"\xC0\x80\"", "\xFF"})
    EXPECT_EQ(refusal(text), "http_error") << text;
}

TEST(json_reader, nesting_stops_at_the_limit) {
  EXPECT_TRUE(parse(nested(500)));
  EXPECT_EQ(refusal(nested(501)), "http_error");
  EXPECT_EQ(refusal(nested(100'000)), "http_error");
  EXPECT_TRUE(parse("[[1]]", 2));
  EXPECT_FALSE(parse("[[[1]]]", 2));
  EXPECT_FALSE(parse(R"({"a":{"b":{}}})", 2));
}

TEST(json_reader, an_integer_of_more_than_4300_digits_cannot_be_read) {
  EXPECT_EQ(parsed("-" + std::string(4300, '9')).number_text().size(), 4301u);
  EXPECT_EQ(refusal(std::string(4301, '9')), "http_error");
}

TEST(json_reader, many_members_with_one_name_become_one) {
  std::string text = "{\"k\":0";
  for (int i = 0; i < 50'000; ++i)
    text += ",\"k\":1,\"j\":2";
  EXPECT_EQ(compact(parsed(text + "}")), R"({"k":1,"j":2})");
}

TEST(json_reader, null_characters_are_found_at_any_depth) {
  EXPECT_TRUE(holds_null_character(parsed(R"([{"a":["x\u0000"]}])")));
  EXPECT_TRUE(holds_null_character(parsed(R"({"a":{"\u0000":1}})")));
  EXPECT_FALSE(holds_null_character(parsed(R"({"a":["\u0001",1,null,true,{}]})")));
}

TEST(json_reader, what_no_double_tells_from_zero_is_zero) {
  for (const auto* text : {"1e-20000", "0.0e99999999999999999999", "1e-400", "0.000"})
    EXPECT_EQ(parse(text).value().number_text(), "0.0") << text;
  EXPECT_EQ(parse("-1e-20000").value().number_text(), "-0.0");
  EXPECT_EQ(parse("1e-300").value().number_text(), "1e-300");
}

} // namespace
} // namespace cued::json
