#include "domain/timestamp.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace cued {
namespace {

using std::chrono::minutes;

std::string read(std::string_view text) {
  const auto t = parse_timestamp(text);
  return t ? format_z(t->at) : t.error();
}

std::string read_number(std::string_view text) {
  const auto t = parse_timestamp_number(text);
  return t ? format_z(t->at) : t.error();
}

std::string reason(std::string_view why) { return "Input should be a valid datetime or date, " + std::string{why}; }

struct reading {
  std::string_view text;
  std::string_view instant;
};

TEST(timestamp, is_read_in_all_spellings) {
  for (const auto& [text, instant] : std::vector<reading>{
           {"2026-01-02", "2026-01-02T00:00:00Z"},
           {"2026-01-02T03:04", "2026-01-02T03:04:00Z"},
           {"2026-01-02t03:04:05z", "2026-01-02T03:04:05Z"},
           {"2026-01-02 03:04:05Z", "2026-01-02T03:04:05Z"},
           {"2026-01-02_03:04:05,5+0200", "2026-01-02T01:04:05.500000Z"},
           {"2026-01-02T03:04+02:00", "2026-01-02T01:04:00Z"},
           {"2026-01-02T03:04\u221202:00", "2026-01-02T05:04:00Z"},
           {"2026-01-02T03:04:05-23:59", "2026-01-03T03:03:05Z"},
           {"2026-01-02T03:04:05.1234567Z", "2026-01-02T03:04:05.123456Z"},
           {"2026-01-02T00:00:00.123456789123456789", "2026-01-02T00:00:00.123456Z"},
           {"2024-02-29", "2024-02-29T00:00:00Z"},
           {"0001-01-01", "0001-01-01T00:00:00Z"},
           {"9999-12-31T23:59:59.999999", "9999-12-31T23:59:59.999999Z"},
       })
    EXPECT_EQ(read(text), instant) << text;
}

TEST(timestamp, is_read_from_unix_seconds_or_milliseconds_in_a_string) {
  for (const auto& [text, instant] : std::vector<reading>{
           {"0", "1970-01-01T00:00:00Z"},
           {"2026", "1970-01-01T00:33:46Z"},
           {"1700000000", "2023-11-14T22:13:20Z"},
           {"+1700000000", "2023-11-14T22:13:20Z"},
           {"-1700000000", "1916-02-18T01:46:40Z"},
           {"1700000000.5", "2023-11-14T22:13:20.500000Z"},
           {"1700000000.1234567", "2023-11-14T22:13:20.123457Z"},
           {"1700000000.9999999", "2023-11-14T22:13:21Z"},
           {"1.5e9", "2017-07-14T02:40:00Z"},
           {"1.", "1970-01-01T00:00:01Z"},
           {".5", "1970-01-01T00:00:00.500000Z"},
           {"-.5", "1969-12-31T23:59:59.500000Z"},
           {"20000000000", "2603-10-11T11:33:20Z"},
           {"20000000001", "1970-08-20T11:33:20.001000Z"},
           {"-20000000001", "1969-05-14T12:26:39.999000Z"},
           {"1700000000000.1234", "2023-11-14T22:13:20.000123Z"},
           {"253402300799000", "9999-12-31T23:59:59Z"},
           {"-62135596800000", "0001-01-01T00:00:00Z"},
       })
    EXPECT_EQ(read(text), instant) << text;
}

TEST(timestamp, is_read_from_a_json_number) {
  for (const auto& [text, instant] : std::vector<reading>{
           {"1700000000", "2023-11-14T22:13:20Z"},
           {"1.7e9", "2023-11-14T22:13:20Z"},
           {"2e10", "2603-10-11T11:33:20Z"},
           {"1e-7", "1970-01-01T00:00:00Z"},
           {"-1.5", "1969-12-31T23:59:58.500000Z"},
           {"0.1234565", "1970-01-01T00:00:00.123457Z"},
           {"253402300799999", "9999-12-31T23:59:59.999000Z"},
           {"1e-9999", "1970-01-01T00:00:00Z"},
       })
    EXPECT_EQ(read_number(text), instant) << text;
}

TEST(timestamp, a_number_out_of_range_is_refused_with_the_reason) {
  const std::string after = "Input should be a valid datetime, dates after 9999 are not supported as unix timestamps";
  const std::string before = "Input should be a valid datetime, dates before 0000 are not supported as unix timestamps";
  for (const std::string_view text : {"1e20", "1e400", "1e9999", "99999999999999999999999", "253402300800000"})
    EXPECT_EQ(read_number(text), after) << text;
  for (const std::string_view text : {"-1e20", "-1e9999", "-62167219201000"})
    EXPECT_EQ(read_number(text), before) << text;
  EXPECT_EQ(read_number("-62135596800001"), "Input should be a valid datetime, year 0 is out of range");
  for (const std::string_view text : {"253402300800000", "99999999999999999999"})
    EXPECT_EQ(read(text), reason("dates after 9999 are not supported as unix timestamps")) << text;
}

TEST(timestamp, what_is_no_number_is_refused_as_one) { EXPECT_EQ(read_number("true"), not_a_timestamp); }

TEST(timestamp, a_text_that_ends_early_is_too_short) {
  for (const std::string_view text : {"", "2026-01", "2026-1-02", "1e3", "1 ", "NaN", "inf", "1_000", "1,5", "tomorrow",
                                      "-", ".", "+", "+-5", "\u0663"})
    EXPECT_EQ(read(text), reason("input is too short")) << text;
}

TEST(timestamp, a_broken_date_is_refused_with_the_reason) {
  EXPECT_EQ(read(" 2026-01-02"), reason("invalid character in year"));
  EXPECT_EQ(read("not-a-date"), reason("invalid character in year"));
  EXPECT_EQ(read("2026/01/02"), reason("invalid date separator, expected `-`"));
  EXPECT_EQ(read("2026-01/02"), reason("invalid date separator, expected `-`"));
  EXPECT_EQ(read("2026-x1-02"), reason("invalid character in month"));
  EXPECT_EQ(read("2026-01-x2"), reason("invalid character in day"));
  EXPECT_EQ(read("2026-13-01"), reason("month value is outside expected range of 1-12"));
  EXPECT_EQ(read("2026-00-01"), reason("month value is outside expected range of 1-12"));
  EXPECT_EQ(read("2026-02-29"), reason("day value is outside expected range"));
  EXPECT_EQ(read("2026-01-00"), reason("day value is outside expected range"));
}

TEST(timestamp, a_broken_time_or_offset_is_refused) {
  for (const std::string_view rest : {" ",
                                      "x",
                                      "T",
                                      "T0",
                                      "Tx0:00",
                                      "T00",
                                      "T00-00",
                                      "T00:x0",
                                      "T24:00",
                                      "T23:60",
                                      "T23:59:60",
                                      "T00:00:",
                                      "T00:00:0",
                                      "T00:00:xx",
                                      "T00:00:00.",
                                      "T00:00:00.x",
                                      "T00:00:00.Z",
                                      "T00:00Zz",
                                      "T00:00+02",
                                      "T00:00+1:00",
                                      "T00:00+100",
                                      "T00:00+01:0",
                                      "T00:00+24:00",
                                      "T00:00+23:60",
                                      "T00:00 Z",
                                      "T00:00+xx:00",
                                      "Z",
                                      "T00:00+01:00x"})
    EXPECT_EQ(read("2026-01-02" + std::string{rest}), reason("unexpected extra characters at the end of the input"))
        << rest;
}

TEST(timestamp, an_instant_outside_of_the_years_1_to_9999_is_refused) {
  EXPECT_FALSE(parse_timestamp("0000-01-01"));
  EXPECT_FALSE(parse_timestamp("0001-01-01T00:00+00:01"));
  EXPECT_FALSE(parse_timestamp("9999-12-31T23:59:59-00:01"));
}

TEST(timestamp, tells_the_offset_that_was_written) {
  EXPECT_EQ(parse_timestamp("2026-01-02T03:04")->offset, std::nullopt);
  EXPECT_EQ(parse_timestamp("2026-01-02")->offset, std::nullopt);
  EXPECT_EQ(parse_timestamp("2026-01-02T03:04Z")->offset, minutes{0});
  EXPECT_EQ(parse_timestamp("2026-01-02T03:04+05:30")->offset, minutes{330});
  EXPECT_EQ(parse_timestamp("2026-01-02T03:04-0930")->offset, minutes{-570});
  EXPECT_EQ(parse_timestamp("1700000000")->offset, minutes{0});
  EXPECT_EQ(parse_timestamp_number("1700000000")->offset, minutes{0});
}

TEST(timestamp, is_written_with_six_digits_of_fraction_or_none) {
  const auto whole = parse_timestamp("2026-03-20T10:00:00Z")->at;
  EXPECT_EQ(format_z(whole), "2026-03-20T10:00:00Z");
  EXPECT_EQ(format_z(whole + std::chrono::microseconds{1}), "2026-03-20T10:00:00.000001Z");
  EXPECT_EQ(format_z(whole - std::chrono::milliseconds{500}), "2026-03-20T09:59:59.500000Z");
  EXPECT_EQ(format_offset(whole), "2026-03-20T10:00:00+00:00");
}

TEST(timestamp, is_written_in_the_offset_the_client_sent) {
  for (const std::string_view text : {"2090-01-01T00:00:00+02:00", "2090-01-01T00:00:00.250000-09:30",
                                      "2090-01-01T00:00:00+00:00", "2090-01-01T00:00:00-00:30"}) {
    const auto t = parse_timestamp(text).value();
    EXPECT_EQ(format_offset(t.at, t.offset.value()), text);
  }
}

} // namespace
} // namespace cued
