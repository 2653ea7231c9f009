#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "domain/cron.hpp"

/// The rules of spec/cues.md §7.2 and §7.3 a second time, as plainly as they can be written: slow, and without any of
/// the product's code but the parsed expression.
namespace cued::fuzz {

/// Whether the expression names this local time. §7.3, with both halves of a true OR.
[[nodiscard]] inline bool names(const cron_expression& e, local_time t) {
  using namespace std::chrono;
  const auto day = floor<days>(t);
  const year_month_day date{day};
  const hh_mm_ss time{t - day};
  const auto has = [](std::uint64_t set, auto value) { return (set >> static_cast<unsigned>(value) & 1) != 0; };
  if (!has(e.seconds, time.seconds().count()) || !has(e.minutes, time.minutes().count()) ||
      !has(e.hours, time.hours().count()) || !has(e.months, static_cast<unsigned>(date.month())))
    return false;
  const int year = static_cast<int>(date.year());
  if (!e.every_year && (year < cron_year_first || year > cron_year_last ||
                        !e.years.test(static_cast<std::size_t>(year - cron_year_first))))
    return false;

  const auto d = static_cast<unsigned>(date.day());
  const auto last = static_cast<unsigned>((date.year() / date.month() / std::chrono::last).day());
  const unsigned w = weekday{day}.c_encoding();
  bool by_date = e.any_day_of_month || has(e.days_of_month, d) || (e.last_day_of_month && d == last);
  if (e.nearest_weekday_to != 0) {
    const auto wanted = std::min(static_cast<unsigned>(e.nearest_weekday_to), last);
    const unsigned on = weekday{local_days{date.year() / date.month() / wanted}}.c_encoding();
    unsigned moved = wanted;
    if (on == 6)
      moved = wanted == 1 ? 3 : wanted - 1;
    if (on == 0)
      moved = wanted == last ? wanted - 2 : wanted + 1;
    by_date = d == moved;
  }
  bool by_weekday = e.any_day_of_week || has(e.days_of_week, w);
  if (e.has_occurrences())
    by_weekday = (e.occurrences[w] >> ((d - 1) / 7 + 1) & 1) != 0 || ((e.occurrences[w] & 1) != 0 && d + 7 > last);
  return e.days_are_alternatives() ? by_date || by_weekday : by_date && by_weekday;
}

/// The values of a field of plain items (`*`, `v`, `a-b`, `a-b/n`, `*/n`, no wrapping, no names); nothing for others.
[[nodiscard]] inline std::optional<std::uint64_t> plain_values(std::string_view text, int minimum, int maximum) {
  const auto number = [](std::string_view digits) -> std::optional<int> {
    if (digits.empty() || digits.size() > 2)
      return std::nullopt;
    int value = 0;
    for (const char c : digits) {
      if (c < '0' || c > '9')
        return std::nullopt;
      value = value * 10 + (c - '0');
    }
    return value;
  };
  std::uint64_t values = 0;
  for (bool more = true; more;) {
    const auto comma = text.find(',');
    more = comma != std::string_view::npos;
    auto item = text.substr(0, comma);
    text.remove_prefix(more ? comma + 1 : text.size());
    int step = 1;
    if (const auto slash = item.find('/'); slash != std::string_view::npos) {
      const auto given = number(item.substr(slash + 1));
      if (!given || *given == 0)
        return std::nullopt;
      step = *given;
      item = item.substr(0, slash);
      if (item != "*" && item.find('-') == std::string_view::npos)
        return std::nullopt;
    }
    auto first = std::optional{minimum}, final = std::optional{maximum};
    if (item != "*") {
      const auto hyphen = item.find('-');
      first = number(item.substr(0, hyphen));
      final = hyphen == std::string_view::npos ? first : number(item.substr(hyphen + 1));
      if (!first || !final || *first < minimum || *final > maximum || *first > *final ||
          (hyphen != std::string_view::npos && *first == *final))
        return std::nullopt;
    }
    for (int value = minimum; value <= maximum; ++value)
      if (value >= *first && value <= *final && (value - *first) % step == 0)
        values |= std::uint64_t{1} << value;
  }
  return values;
}

} // namespace cued::fuzz
