#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "domain/instant.hpp"

/// Arithmetic of the monthly execution allowance (spec/alerts-usage.md §5, §7). Months are UTC months.
/// All roundings go half to even, as the reference's do: 12.5 -> 12, 1.5 -> 2.
namespace cued {

/// The month around an instant, and where in it the instant lies.
struct usage_month {
  std::chrono::year_month_day first;
  std::chrono::year_month_day last;
  int day = 1; ///< day of the month, 1-based: how many have begun

  [[nodiscard]] int days() const { return static_cast<int>(static_cast<unsigned>(last.day())); }
  [[nodiscard]] int days_remaining() const { return days() - day; }
};

[[nodiscard]] usage_month month_of(instant now);

/// `YYYY-MM-DD`; of `month.first` it is what usage_monthly.month_start and the keys `usage:<user>:<month>` hold.
[[nodiscard]] std::string date_text(std::chrono::year_month_day date);

/// limit - used, never below 0.
[[nodiscard]] std::int64_t remaining(std::int64_t used, std::int64_t limit);

/// Whole percent; 0 when there is no limit (limit <= 0).
[[nodiscard]] std::int64_t percent_used(std::int64_t used, std::int64_t limit);

/// Percent with one decimal as JSON number text (`79.7`, `0.0`); the integer `0` when there is no limit.
[[nodiscard]] std::string percentage_text(std::int64_t used, std::int64_t limit);

/// What the month will come to if it goes on like this.
[[nodiscard]] std::int64_t projected_month_end(std::int64_t used, const usage_month& month);

/// From 80 % of a limit on, responses carry `X-CueAPI-Usage-Warning: approaching_limit`.
[[nodiscard]] bool approaches_limit(std::int64_t used, std::int64_t limit);

} // namespace cued
