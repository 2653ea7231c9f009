#include <set>
#include <string>

#include <gtest/gtest.h>

#include "tests/domain/cron_examples.hpp"

namespace cued {
namespace {

bool is_refused(std::string_view text) {
  const auto parsed = parse_cron(text);
  return !parsed && parsed.error().status == 400 && parsed.error().code == "invalid_schedule";
}

std::vector<std::string> fires(const std::string& expression, const std::string& base, std::size_t count = 3) {
  return chain({0, expression, "UTC", base, std::vector<std::string>(count)}, overlap::once);
}

std::uint64_t minutes_of(std::string_view text, std::uint64_t seed = 0) {
  return parse_cron(text, seed).value().minutes;
}

std::uint64_t bits(std::initializer_list<int> values) {
  std::uint64_t set = 0;
  for (const int value : values)
    set |= std::uint64_t{1} << value;
  return set;
}

// spec/cues.md §12.1
TEST(cron_parse, refuses_what_the_dialect_does_not_have) {
  for (const std::string_view text : {"",
                                      "* * * *",
                                      "* * * * * * * *",
                                      "@reboot",
                                      "@every 5m",
                                      " @daily",
                                      "@daily ",
                                      "60 * * * *",
                                      "0 24 * * *",
                                      "0 0 0 * *",
                                      "0 0 32 * *",
                                      "0 0 * 0 *",
                                      "0 0 * 13 *",
                                      "0 0 * * 8",
                                      "-1 * * * *",
                                      "1.5 * * * *",
                                      "*/0 * * * *",
                                      "5/0 * * * *",
                                      "a * * * *",
                                      "monday * * * *",
                                      "0 0 * * monday",
                                      "0 0 * foo *",
                                      "0 0 * * 1#0",
                                      "0 0 * * 1#6",
                                      "0 0 * * 1#2,3",
                                      "0 0 * * 1-5#2",
                                      "0 0 * * *#2",
                                      "0 0 * * 5L",
                                      "0 0 * * L",
                                      "0 0 LW * *",
                                      "0 0 L-3 * *",
                                      "0 0 15W,20 * *",
                                      "0 0 10-15W * *",
                                      "0 0 32W * *",
                                      "0 0 ?,1 * *",
                                      "? * * * *",
                                      "0 0 * ? *",
                                      "0 0 1- * *",
                                      "0 0 -1 * *",
                                      "1-2-3 * * * *",
                                      "1,,2 * * * *",
                                      ", * * * *",
                                      "*5 * * * *",
                                      "** * * * *",
                                      "0 0 * * 7 0",
                                      "0 0 1 1 * 60",
                                      "0 0 1 1 * 0 1969",
                                      "0 0 1 1 * 0 2100",
                                      "H * * * *",
                                      "h/5 * * * *",
                                      "R(5-5) * * * *",
                                      "R/0 * * * *",
                                      "not a cron"})
    EXPECT_TRUE(is_refused(text)) << text;
}

TEST(cron_parse, refuses_malformed_items_of_every_form) {
  for (const std::string_view text :
       {"*/5/2 * * * *",   "1-5/ * * * *", "/5 * * * *",     "*-5 * * * *",     "5-* * * * *",      "0,*,99 * * * *",
        "60-5 * * * *",    "5-60 * * * *", "1-2/-3 * * * *", "0 0 0-5 * *",     "0 0 L/2 * *",      "0 0 L-L * *",
        "0 0 5/L * *",     "0 0 32-L * *", "0 0 L5 * *",     "L * * * *",       "0 0 15W/2 * *",    "0 0 W * *",
        "0 0 w15w * *",    "0 0 0W * *",   "0 0 w1-5 * *",   "0 0 * * Lfri",    "0 0 * * L8",       "0 0 * * L7 0",
        "0 0 * * 1#2#3",   "0 0 * * #1",   "0 0 * * 1#",     "0 0 * * 8#1",     "0 0 * * mon-7#1",  "0 0 * * 1#2/2",
        "0 0 * * 1,*,2#3", "0 0 * * 1-l",  "0 0 * * ?/2",    "0 0 mon * *",     "0 0 * mon *",      "0 0 1 0-3 *",
        "R() * * * *",     "R(1) * * * *", "R(1-3 * * * *",  "R(1-3)/ * * * *", "R(1-3)/0 * * * *", "R(5-70) * * * *",
        "r,5 * * * *",     "r5 * * * *",   "0 0 * * r(0-8)", "r(a-b) * * * *",  "@daily 0",         "0 0 0 * * 0 *"})
    EXPECT_TRUE(is_refused(text)) << text;
}

TEST(cron_parse, refuses_digits_and_blanks_that_are_not_ascii) {
  EXPECT_TRUE(is_refused("\u0663 * * * *"));
  EXPECT_TRUE(is_refused("0\u00a00 * * *"));
}

TEST(cron_parse, refuses_more_than_a_hundred_characters) {
  const std::string longest = "0 0 * * *" + std::string(cron_length_limit - 9, ' ');
  EXPECT_TRUE(parse_cron(longest));
  EXPECT_TRUE(is_refused(longest + " "));
}

TEST(cron_parse, names_the_field_it_refuses) {
  EXPECT_EQ(parse_cron("0 0 * 13 *").error().message, "Invalid cron expression: field 4 (month) is not valid");
}

TEST(cron_parse, any_run_of_blanks_separates_fields) {
  EXPECT_EQ(parse_cron("  0   9\t* * *\n").value(), parse_cron("0 9 * * *").value());
}

TEST(cron_parse, case_does_not_matter) {
  EXPECT_EQ(parse_cron("0 9 L Jan,DEC L5").value(), parse_cron("0 9 l jan,dec l5").value());
  EXPECT_EQ(parse_cron("@DAILY").value(), parse_cron("0 0 * * *").value());
}

TEST(cron_parse, accepts_names_and_numbers_mixed) {
  EXPECT_EQ(parse_cron("0 0 * * 1,mon").value().days_of_week, bits({1}));
  EXPECT_EQ(parse_cron("0 0 * 1-mar/2 *").value().months, bits({1, 3}));
  EXPECT_EQ(parse_cron("0 0 * * mon/2").value().days_of_week, bits({1, 3, 5}));
}

TEST(cron_parse, accepts_steps_beside_other_items) {
  EXPECT_EQ(parse_cron("0 0 1-5/2,10 * *").value().days_of_month, bits({1, 3, 5, 10}));
  EXPECT_EQ(minutes_of("*/5,7 * * * *"), minutes_of("*/5 * * * *") | bits({7}));
}

TEST(cron_parse, a_step_beyond_the_range_leaves_its_beginning) {
  EXPECT_EQ(minutes_of("*/9999999999999 * * * *"), bits({0}));
}

TEST(cron_parse, leading_zeros_are_only_zeros) { EXPECT_EQ(minutes_of("007 * * * *"), bits({7})); }

TEST(cron_parse, a_range_that_wraps_keeps_its_step) {
  EXPECT_EQ(parse_cron("0 22-2/2 * * *").value().hours, bits({22, 0, 2}));
  EXPECT_EQ(minutes_of("50-10/5 * * * *"), bits({50, 55, 0, 5, 10}));
}

TEST(cron_parse, a_range_that_wraps_may_begin_its_second_part_late) {
  EXPECT_EQ(parse_cron("0 21-6/2 * * *").value().hours, bits({21, 23, 2, 4, 6}));
}

TEST(cron_parse, a_range_from_a_value_to_itself_is_the_whole_range) {
  EXPECT_EQ(minutes_of("7-7 * * * *"), minutes_of("* * * * *"));
  EXPECT_EQ(parse_cron("0 23/2 * * *").value().hours, parse_cron("0 */2 * * *").value().hours);
}

TEST(cron_parse, sunday_is_seven_only_beside_four_other_fields) {
  EXPECT_EQ(parse_cron("0 0 * * 5-7").value().days_of_week, bits({5, 6, 0}));
  EXPECT_TRUE(is_refused("0 0 * * 5-7 0"));
}

TEST(cron_parse, day_zero_is_the_first_only_beside_five_other_fields) {
  EXPECT_EQ(parse_cron("0 0 0-2,5 * * 0").value().days_of_month, bits({1, 2, 5}));
  EXPECT_TRUE(is_refused("0 0 0 * *"));
}

TEST(cron_parse, a_full_field_restricts_nothing) {
  EXPECT_TRUE(parse_cron("0 0-23 * * *").value().every_hour);
  EXPECT_TRUE(parse_cron("0 0,*,5 * * *").value().every_hour);
  EXPECT_FALSE(parse_cron("0 0-22 * * *").value().every_hour);
}

TEST(cron_parse, a_full_day_field_restricts_beside_one_without_star) {
  EXPECT_TRUE(parse_cron("0 9 15 * 0-6").value().days_are_alternatives());
  EXPECT_TRUE(parse_cron("0 9 1-31 * 1").value().days_are_alternatives());
  EXPECT_FALSE(parse_cron("0 9 1-31 * */2").value().days_are_alternatives());
}

TEST(cron_parse, counted_weekdays_may_stand_beside_all_seven) {
  EXPECT_EQ(fires("0 9 * * 0-6,1#2", "2026-03-20T10:00:00Z", 2),
            (std::vector<std::string>{"2026-04-13T09:00:00Z", "2026-05-11T09:00:00Z"}));
}

TEST(cron_parse, a_range_of_counted_weekdays_may_wrap) {
  EXPECT_EQ(fires("0 0 * * wed-mon#1", "2026-03-20T10:00:00Z"),
            (std::vector<std::string>{"2026-04-01T00:00:00Z", "2026-04-02T00:00:00Z", "2026-04-03T00:00:00Z"}));
}

// -- random forms ------------------------------------------------------------

TEST(cron_parse, random_fields_are_the_same_for_the_same_seed) {
  EXPECT_EQ(parse_cron("R R R R R R R", 17).value(), parse_cron("r r r r r r r", 17).value());
}

TEST(cron_parse, random_fields_differ_between_seeds) {
  std::set<std::uint64_t> seen;
  for (std::uint64_t seed = 0; seed < 200; ++seed)
    seen.insert(minutes_of("R * * * *", seed));
  EXPECT_GT(seen.size(), 40U);
}

TEST(cron_parse, a_random_value_stays_in_its_range) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    EXPECT_NE(minutes_of("r(10-12) * * * *", seed) & bits({10, 11, 12}), 0U);
    EXPECT_NE(parse_cron("0 0 * * r(6-7)", seed).value().days_of_week & bits({6, 0}), 0U);
  }
}

TEST(cron_parse, a_random_step_begins_anywhere_in_the_first_step) {
  std::set<std::uint64_t> seen;
  for (std::uint64_t seed = 0; seed < 500; ++seed)
    seen.insert(minutes_of("R/15 * * * *", seed));
  EXPECT_EQ(seen.size(), 15U);
  EXPECT_TRUE(seen.contains(bits({3, 18, 33, 48})));
}

TEST(cron_parse, a_random_step_in_limits_never_becomes_the_whole_range) {
  for (std::uint64_t seed = 0; seed < 500; ++seed)
    EXPECT_EQ(minutes_of("r(0-29)/30 * * * *", seed) >> 30, 0U);
  EXPECT_TRUE(parse_cron("r(0-29)/10 * * * *"));
  EXPECT_TRUE(parse_cron("r(0-5)/1000 * * * *"));
}

TEST(cron_parse, a_random_day_of_month_comes_every_month) {
  for (std::uint64_t seed = 0; seed < 500; ++seed)
    EXPECT_EQ(parse_cron("0 0 R * *", seed).value().days_of_month >> 29, 0U);
}

TEST(cron_parse, random_day_fields_are_restrictions) {
  EXPECT_TRUE(parse_cron("* * R * R").value().days_are_alternatives());
}

} // namespace
} // namespace cued
