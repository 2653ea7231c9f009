#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "domain/error.hpp"
#include "domain/instant.hpp"
#include "domain/time_zone.hpp"

/// The cron dialect of cues: 5, 6 or 7 fields, seconds after the day of week, years last. Pure: no clock, no
/// randomness of its own. Source: spec/cues.md §7.
namespace cued {

inline constexpr std::size_t cron_length_limit = 100; ///< characters; what `cues.schedule_cron` holds
inline constexpr int cron_year_first = 1970;
inline constexpr int cron_year_last = 2099;
inline constexpr int cron_search_years = 50; ///< how far ahead a date is looked for

/// A parsed expression; made by parse_cron() only. Sets are bit masks: bit n stands for the value n, so day of month
/// and month begin with bit 1. A field that restricts nothing has all its bits set.
struct cron_expression {
  std::uint64_t seconds = 1;
  std::uint64_t minutes = 0;
  std::uint64_t hours = 0;
  std::uint64_t days_of_month = 0;
  std::uint64_t months = 0;
  std::uint64_t days_of_week = 0; ///< bit 0 is Sunday
  std::bitset<cron_year_last - cron_year_first + 1> years;

  bool to_the_second = false; ///< a field for seconds was given
  bool every_hour = false;    ///< follows elapsed time when clocks are changed
  bool every_year = true;     ///< years past 2099 match as well
  bool any_day_of_month = false;
  bool any_day_of_week = false;
  bool last_day_of_month = false; ///< `L`, besides days_of_month
  int nearest_weekday_to = 0;     ///< `15W`: 15; 0: none. Stands alone

  /// `2#3`, `L5`: per day of week, bit k for the k-th of the month, `last_occurrence` for the last one.
  std::array<std::uint8_t, 7> occurrences{};
  static constexpr int last_occurrence = 0;

  /// Both day fields restrict: a day that either of them names matches.
  [[nodiscard]] bool days_are_alternatives() const { return !any_day_of_month && !any_day_of_week; }
  [[nodiscard]] bool has_occurrences() const { return occurrences != std::array<std::uint8_t, 7>{}; }

  bool operator==(const cron_expression&) const = default;
};

/// `seed` decides the values of the random forms (`R`, `R(10-20)`, `R/5`): the same seed always draws the same, so a
/// cue with such a schedule keeps its times. Error: 400 `invalid_schedule`.
[[nodiscard]] result<cron_expression> parse_cron(std::string_view text, std::uint64_t seed = 0);

/// What becomes of fixed times inside an hour that the clock shows twice.
///   once  fire at the first occurrence. Expressions for every hour follow elapsed time: both passes.
///   both  fire in both passes, by the exact rules of spec/cues.md §7.4 with their limits (§7.5).
enum class overlap { once, both };

/// The first instant after `after` at which the expression fires; nothing where there is none within
/// `cron_search_years`. A time that the clock skips fires once, at the end of the gap, unless the expression is for
/// every hour: then it is left out. Where both day fields restrict, each is evaluated for itself and the earlier
/// instant counts; but an expression whose day of month never comes in any of its months (`0 0 31 2 1`) is taken for
/// the mistake it is and never fires (spec/cues.md §3.6).
[[nodiscard]] std::optional<instant> next_instant(const cron_expression& expression, const time_zone& zone,
                                                  instant after, overlap policy);

} // namespace cued
