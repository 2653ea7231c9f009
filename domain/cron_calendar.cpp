#include "domain/cron_calendar.hpp"

#include <algorithm>
#include <bit>
#include <chrono>

namespace cued::cron {

namespace {

using std::chrono::local_days;
using std::chrono::year_month_day;

constexpr int months_per_year = 12;
constexpr unsigned days_per_week = 7;

/// The lowest value of the set that is not below `from`, or -1.
int next_value(std::uint64_t set, int from) {
  constexpr int bits = 64;
  if (from >= bits || (set >> from) == 0)
    return -1;
  return from + std::countr_zero(set >> from);
}

std::uint64_t bit(unsigned n) { return std::uint64_t{1} << n; }

// -- days -----------------------------------------------------------------

struct month_shape {
  unsigned length;        ///< days
  unsigned first_weekday; ///< of the 1st, 0 is Sunday

  [[nodiscard]] unsigned weekday_of(unsigned day) const { return (first_weekday + day - 1) % days_per_week; }
};

month_shape shape_of(int year, int month) {
  const auto first = std::chrono::year{year} / std::chrono::month{static_cast<unsigned>(month)} / 1;
  const year_month_day last{first.year() / first.month() / std::chrono::last};
  return {static_cast<unsigned>(last.day()), std::chrono::weekday{local_days{first}}.c_encoding()};
}

/// A Saturday moves to the Friday before it, a Sunday to the Monday after it, but neither leaves the month.
unsigned nearest_weekday(unsigned wanted, const month_shape& month) {
  constexpr unsigned sunday = 0;
  constexpr unsigned saturday = 6;
  const unsigned day = std::min(wanted, month.length);
  if (month.weekday_of(day) == saturday)
    return day == 1 ? 3 : day - 1;
  if (month.weekday_of(day) == sunday)
    return day == month.length ? day - 2 : day + 1;
  return day;
}

bool matches_day_of_week(const cron_expression& expression, unsigned day, const month_shape& month) {
  const unsigned weekday = month.weekday_of(day);
  if (!expression.has_occurrences())
    return (expression.days_of_week & bit(weekday)) != 0;
  const unsigned which = (day - 1) / days_per_week + 1;
  const bool is_last = day + days_per_week > month.length;
  const unsigned wanted = expression.occurrences[weekday];
  return (wanted & bit(which)) != 0 || (is_last && (wanted & bit(cron_expression::last_occurrence)) != 0);
}

/// Bit d for each day of the month that matches.
std::uint64_t matching_days(const cron_expression& expression, day_rule rule, const month_shape& month) {
  const std::uint64_t all = (bit(month.length + 1) - 1) & ~bit(0);
  std::uint64_t by_date = expression.days_of_month & all;
  if (expression.nearest_weekday_to != 0)
    by_date = bit(nearest_weekday(static_cast<unsigned>(expression.nearest_weekday_to), month));
  else if (expression.last_day_of_month)
    by_date |= bit(month.length);
  if (rule == day_rule::day_of_month)
    return by_date;

  std::uint64_t by_weekday = 0;
  for (unsigned day = 1; day <= month.length; ++day)
    if (matches_day_of_week(expression, day, month))
      by_weekday |= bit(day);
  return rule == day_rule::day_of_week ? by_weekday : by_weekday & by_date;
}

bool matches_year(const cron_expression& expression, int year) {
  if (expression.every_year)
    return true;
  return year >= cron_year_first && year <= cron_year_last &&
         expression.years.test(static_cast<std::size_t>(year - cron_year_first));
}

/// The first matching day that is not before `from`.
std::optional<local_days> next_day(const cron_expression& expression, day_rule rule, local_days from, int year_last) {
  const year_month_day start{from};
  const int first_year = static_cast<int>(start.year());
  for (int year = first_year; year <= year_last; ++year) {
    if (!matches_year(expression, year))
      continue;
    const int first_month = year == first_year ? static_cast<int>(static_cast<unsigned>(start.month())) : 1;
    for (int month = next_value(expression.months, first_month); month != -1;
         month = next_value(expression.months, month + 1)) {
      const bool is_first = year == first_year && month == static_cast<int>(static_cast<unsigned>(start.month()));
      const int first_day = is_first ? static_cast<int>(static_cast<unsigned>(start.day())) : 1;
      const int day = next_value(matching_days(expression, rule, shape_of(year, month)), first_day);
      if (day != -1)
        return local_days{std::chrono::year{year} / month / day};
    }
  }
  return std::nullopt;
}

// -- time of day ----------------------------------------------------------

/// The first matching time of day that is not before `from`.
std::optional<std::chrono::seconds> next_time_of_day(const cron_expression& expression, std::chrono::seconds from) {
  const std::chrono::hh_mm_ss start{from};
  const int start_hour = static_cast<int>(start.hours().count());
  const int start_minute = static_cast<int>(start.minutes().count());
  const int start_second = static_cast<int>(start.seconds().count());
  for (int hour = next_value(expression.hours, start_hour); hour != -1; hour = next_value(expression.hours, hour + 1)) {
    const bool same_hour = hour == start_hour;
    for (int minute = next_value(expression.minutes, same_hour ? start_minute : 0); minute != -1;
         minute = next_value(expression.minutes, minute + 1)) {
      const int second = next_value(expression.seconds, same_hour && minute == start_minute ? start_second : 0);
      if (second != -1)
        return std::chrono::hours{hour} + std::chrono::minutes{minute} + std::chrono::seconds{second};
    }
  }
  return std::nullopt;
}

} // namespace

int year_of(local_time t) { return static_cast<int>(year_month_day{std::chrono::floor<std::chrono::days>(t)}.year()); }

std::optional<local_time> next_local(const cron_expression& expression, day_rule rule, local_time after,
                                     int year_last) {
  using std::chrono::minutes;
  using std::chrono::seconds;
  const local_time first =
      expression.to_the_second ? after + seconds{1} : std::chrono::floor<minutes>(after) + minutes{1};
  const local_days first_day = std::chrono::floor<std::chrono::days>(first);

  auto day = next_day(expression, rule, first_day, year_last);
  if (day == first_day) {
    if (const auto time = next_time_of_day(expression, first - first_day))
      return *day + *time;
    day = next_day(expression, rule, first_day + std::chrono::days{1}, year_last);
  }
  if (!day)
    return std::nullopt;
  const auto time = next_time_of_day(expression, seconds{0});
  return time ? std::optional<local_time>{*day + *time} : std::nullopt;
}

bool day_of_month_comes(const cron_expression& expression) {
  constexpr int leap_year = 2024;
  for (int month = 1; month <= months_per_year; ++month)
    if ((expression.months & bit(static_cast<unsigned>(month))) != 0 &&
        matching_days(expression, day_rule::day_of_month, shape_of(leap_year, month)) != 0)
      return true;
  return false;
}

} // namespace cued::cron
