#include "domain/json/value.hpp"

#include <charconv>
#include <cmath>
#include <cstring>
#include <random>

#include <gtest/gtest.h>

namespace cued::json {
namespace {

value parsed(std::string_view text) {
  auto v = parse(text);
  EXPECT_TRUE(v.has_value()) << text;
  return v ? *v : value();
}

std::string canonical_of(std::string_view text) { return canonical(parsed(text)); }

struct spelled {
  std::string_view written, canonical;
};

// spec/delivery.md §5.1, spec/clients.md §7
constexpr spelled numbers[] = {
    {"1", "1"},
    {"-0", "0"},
    {"12345678901234567890123", "12345678901234567890123"},
    {"1.0", "1.0"},
    {"1.10", "1.1"},
    {"1e3", "1000.0"},
    {"1000.0", "1000.0"},
    {"0.0001", "0.0001"},
    {"0.00001", "1e-05"},
    {"-1.5E-7", "-1.5e-07"},
    {"1e15", "1000000000000000.0"},
    {"9999999999999998.0", "9999999999999998.0"},
    {"1e16", "1e+16"},
    {"123456789012345678.9", "1.2345678901234568e+17"},
    {"1e22", "1e+22"},
    {"1.5e300", "1.5e+300"},
    {"5e-324", "5e-324"},
    {"4.9e-324", "5e-324"},
    {"1.7976931348623157e308", "1.7976931348623157e+308"},
    {"-0.0", "-0.0"},
    {"0e5", "0.0"},
    {"0.1", "0.1"},
    {"0.30000000000000004", "0.30000000000000004"},
    {"123456789.125", "123456789.125"},
    {"100.5", "100.5"},
    {"1e-999", "0.0"},
    {"-1e-999", "-0.0"},
    {"0.0000000001e10", "1.0"},
};

TEST(json_canonical, numbers_have_one_spelling) {
  for (const auto& [written, expected] : numbers)
    EXPECT_EQ(canonical_of(written), expected) << written;
}

TEST(json_canonical, a_double_printed_and_read_again_is_the_same_double) {
  std::mt19937_64 random(20261101);
  for (int i = 0; i < 20'000; ++i) {
    const auto bits = random();
    double d;
    std::memcpy(&d, &bits, sizeof d);
    if (!std::isfinite(d))
      continue;
    char text[64];
    const auto end = std::to_chars(text, text + sizeof text, d, std::chars_format::scientific).ptr;
    const auto printed = canonical(value::number(std::string(text, end)));
    double again = 0;
    std::from_chars(printed.data(), printed.data() + printed.size(), again);
    ASSERT_EQ(std::memcmp(&again, &d, sizeof d), 0) << printed;
    ASSERT_EQ(canonical_of(printed), printed);
  }
}

TEST(json_canonical, strings_are_ascii_with_lower_case_escapes) {
  EXPECT_EQ(canonical_of(R"("\u00E9\ud83d\uDE00\"\\\/\n\r\t\b\f\u0000\u001F\u007F\u2028<&> ~")"),
            R"("\u00e9\ud83d\ude00\"\\/\n\r\t\b\f\u0000\u001f\u007f\u2028<&> ~")");
  EXPECT_EQ(canonical_of("\"\xF4\x8F\xBF\xBF\xEF\xBF\xBF\xC2\x80\""), R"("\udbff\udfff\uffff\u0080")");
}

TEST(json_canonical, members_are_sorted_by_code_point_not_by_utf16_unit) {
  EXPECT_EQ(canonical_of(R"({"\ud83d\ude00":1,"\uffff":2,"b":3,"B":4,"":5,"bb":6})"),
            R"({"": 5, "B": 4, "b": 3, "bb": 6, "\uffff": 2, "\ud83d\ude00": 1})");
}

TEST(json_canonical, empty_containers_have_no_blanks) { EXPECT_EQ(canonical_of("[ { } , [ ] ]"), "[{}, []]"); }

// spec/security.md §2.2
TEST(json_canonical, the_worked_vector_is_reproduced) {
  const std::string_view body =
      R"({"attempt": 1, "cue_id": "cue_abcdefghijkl", "execution_id": "11111111-2222-4333-8444-555555555555", "name": "n\u00e4me", "payload": {"B": true, "a": "h\u00e9llo \ud83d\ude00 \u007f / \u2028 \"q\"", "e": {}, "f": [1.0, 1e-07, 123456.789, 10000000000000000000000], "l": [], "n": null, "z": 1, "\uffff": 2, "\ud83d\ude00": 3}, "scheduled_for": "2026-01-02T03:04:05+00:00"})";
  EXPECT_EQ(body.size(), 370u);
  EXPECT_EQ(canonical_of(body), body);
  EXPECT_EQ(canonical_of(compact(parsed(body))), body);
}

// spec/delivery.md §5.2, V2: what is written on the left is signed as on the right
TEST(json_canonical, the_serialiser_vector_is_reproduced_from_other_spellings) {
  const std::string_view written = R"({"scheduled_for":"2026-03-20T09:00:00.000123+00:00","payload":{
      "\u00e9":-0.0,"n":12345678901234567890,"m":4.94e-324,"l":1.5E300,"k":0.10,"j":1e22,"i":123456789.125,"h":1.0e16,
      "g":0.00001,"f":1.0,"b":{"z":1,"A":[1,2.50,1e3,true,null]},"a":"é😀\"\\\/\n\t\u007F\u2028<&>","Z":"x","":0},
      "name":"Zürich \"ß\" 😀","execution_id":"3f2504e0-4f89-41d3-9a0c-0305e82c3301","cue_id":"cue_abc123def456","attempt":3})";
  EXPECT_EQ(
      canonical_of(written),
      R"({"attempt": 3, "cue_id": "cue_abc123def456", "execution_id": "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "name": "Z\u00fcrich \"\u00df\" \ud83d\ude00", "payload": {"": 0, "Z": "x", "a": "\u00e9\ud83d\ude00\"\\/\n\t\u007f\u2028<&>", "b": {"A": [1, 2.5, 1000.0, true, null], "z": 1}, "f": 1.0, "g": 1e-05, "h": 1e+16, "i": 123456789.125, "j": 1e+22, "k": 0.1, "l": 1.5e+300, "m": 5e-324, "n": 12345678901234567890, "\u00e9": -0.0}, "scheduled_for": "2026-03-20T09:00:00.000123+00:00"})");
}

// spec/http.md §8
TEST(json_canonical, the_echo_form_is_narrow_and_unescaped) {
  EXPECT_EQ(canonical_utf8(parsed(R"({"b":1,"a":{"d":1,"c":2},"b":3})")), R"({"a":{"c":2,"d":1},"b":3})");
  EXPECT_EQ(canonical_utf8(parsed(R"({"display_name":"A é 😀","metadata":{"b":1.0,"a":[1,2.50,1e3]}})")),
            R"({"display_name":"A é 😀","metadata":{"a":[1,2.5,1000.0],"b":1.0}})");
  EXPECT_EQ(canonical_utf8(parsed("null")), "null");
}

TEST(json_canonical, compact_text_keeps_order_and_numbers) {
  EXPECT_EQ(compact(parsed(R"( { "b" : [ 1.10 , 1e5 ] , "a" : "\u00e9\u0001\/" } )")),
            "{\"b\":[1.10,1e5],\"a\":\"é\\u0001/\"}");
}

TEST(json_canonical, sizes_are_counted_with_wide_separators) {
  const auto v = parsed(R"({"x":[1,1.50,"é😀"]})");
  EXPECT_EQ(spaced_size(v, charset::utf8), std::string_view("{\"x\": [1, 1.5, \"é😀\"]}").size());
  EXPECT_EQ(spaced_size(v, charset::ascii), std::string_view(R"({"x": [1, 1.5, "\u00e9\ud83d\ude00"]})").size());
}

// spec/security.md §6, I2
TEST(json_canonical, the_payload_limit_falls_between_349523_and_349524_elements) {
  constexpr std::size_t payload_bytes_max = 1'048'576;
  std::vector<value> ones(349'523, value::number(1));
  EXPECT_LE(spaced_size(value::object({{"x", value::array(ones)}}), charset::utf8), payload_bytes_max);
  ones.push_back(value::number(1));
  EXPECT_GT(spaced_size(value::object({{"x", value::array(ones)}}), charset::utf8), payload_bytes_max);
}

/// A document as unlike our own spelling as the grammar allows.
std::string random_document(std::mt19937_64& random, int depth) {
  const auto pick = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  static constexpr std::string_view blanks[] = {"", " ", "\n", "\t\r "};
  static constexpr std::string_view scalars[] = {"null",
                                                 "true",
                                                 "false",
                                                 "0",
                                                 "-0",
                                                 "1.50",
                                                 "1E5",
                                                 "-2.5e-9",
                                                 "1e16",
                                                 "123456789012345678901",
                                                 "\"\"",
                                                 "\"é\"",
                                                 "\"\\u00e9\\ud83d\\ude00\"",
                                                 "\"\\u0000\\/\\n\"",
                                                 "\"\xEF\xBF\xBF\"",
                                                 "\"~\x7F\""};
  static constexpr std::string_view names[] = {"\"a\"", "\"b\"", "\"B\"",      "\"\\u0061\"",
                                               "\"é\"", "\"😀\"", "\"\\uffff\""};
  const auto blank = [&] { return std::string(blanks[pick(4)]); };
  if (depth == 0 || pick(3) == 0)
    return blank() + std::string(scalars[pick(std::size(scalars))]) + blank();
  const bool object = pick(2) == 0;
  std::string text(1, object ? '{' : '[');
  for (auto n = pick(5), i = std::size_t{0}; i < n; ++i) {
    if (i > 0)
      text += ',';
    if (object)
      text += blank() + std::string(names[pick(std::size(names))]) + blank() + ':';
    text += random_document(random, depth - 1);
  }
  return text + blank() + (object ? '}' : ']') + blank();
}

TEST(json_canonical, canonical_text_is_its_own_canonical_text) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 3'000; ++i) {
    const auto text = random_document(random, 5);
    const auto once = canonical_of(text);
    ASSERT_EQ(canonical_of(once), once) << text;
    ASSERT_EQ(canonical_of(compact(parsed(text))), once) << text;
    ASSERT_EQ(canonical_of(canonical_utf8(parsed(text))), once) << text;
    ASSERT_EQ(parsed(compact(parsed(text))), parsed(text)) << text;
  }
}

} // namespace
} // namespace cued::json
