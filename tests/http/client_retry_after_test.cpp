#include "http/client/retry_after.hpp"

#include <limits>

#include <gtest/gtest.h>

namespace cued::http::client {
namespace {

using namespace std::chrono_literals;

const instant now = std::chrono::sys_days{std::chrono::year{2026} / 11 / 24} + 12h;

TEST(retry_after, a_number_is_seconds) {
  EXPECT_EQ(read_retry_after("120", "", now), 120);
  EXPECT_EQ(read_retry_after("0", "", now), 0);
}

TEST(retry_after, a_number_that_is_too_long_is_as_long_as_can_be) {
  EXPECT_EQ(read_retry_after("99999999999", "", now), std::numeric_limits<int>::max());
}

TEST(retry_after, a_date_counts_from_the_date_of_the_answer) {
  EXPECT_EQ(read_retry_after("Tue, 24 Nov 2026 09:00:30 GMT", "Tue, 24 Nov 2026 09:00:00 GMT", now), 30);
}

TEST(retry_after, a_date_counts_from_now_if_the_answer_has_none) {
  EXPECT_EQ(read_retry_after("Tue, 24 Nov 2026 12:01:00 GMT", "", now), 60);
  EXPECT_EQ(read_retry_after("Tue, 24 Nov 2026 12:01:00 GMT", "yesterday", now), 60);
}

TEST(retry_after, a_date_that_has_passed_asks_for_nothing) {
  EXPECT_EQ(read_retry_after("Wed, 21 Oct 2015 07:28:00 GMT", "", now), 0);
}

TEST(retry_after, all_three_forms_of_a_date_are_read) {
  const instant expected = std::chrono::sys_days{std::chrono::year{1994} / 11 / 6} + 8h + 49min + 37s;
  EXPECT_EQ(read_http_date("Sun, 06 Nov 1994 08:49:37 GMT", now), expected);
  EXPECT_EQ(read_http_date("Sunday, 06-Nov-94 08:49:37 GMT", now), expected);
  EXPECT_EQ(read_http_date("Sun Nov  6 08:49:37 1994", now), expected);
}

TEST(retry_after, two_digits_of_a_year_are_at_most_fifty_years_ahead) {
  EXPECT_EQ(read_http_date("Sunday, 06-Nov-76 00:00:00 GMT", now),
            std::chrono::sys_days{std::chrono::year{2076} / 11 / 6});
  EXPECT_EQ(read_http_date("Sunday, 06-Nov-77 00:00:00 GMT", now),
            std::chrono::sys_days{std::chrono::year{1977} / 11 / 6});
}

TEST(retry_after, what_is_neither_number_nor_date_is_ignored) {
  for (const auto value :
       {"", "-5", "12x", "1.5", "soon", "Sun, 31 Feb 2026 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:49:37 CET", "Sunday, 06-Nov 08:49:37 GMT"})
    EXPECT_EQ(read_retry_after(value, "", now), std::nullopt) << value;
}

} // namespace
} // namespace cued::http::client
