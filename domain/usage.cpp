#include "domain/usage.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace cued {
namespace {

constexpr double warning_share = 0.8;

double percent(std::int64_t used, std::int64_t limit) {
  return static_cast<double>(used) / static_cast<double>(limit) * 100.0;
}

/// nearbyint rounds half to even in the default rounding mode, which nothing here changes.
std::int64_t rounded(double x) { return static_cast<std::int64_t>(std::nearbyint(x)); }

} // namespace

usage_month month_of(instant now) {
  using namespace std::chrono;
  const year_month_day today{floor<days>(now)};
  const year_month month = today.year() / today.month();
  return {month / 1, year_month_day{month / std::chrono::last}, static_cast<int>(static_cast<unsigned>(today.day()))};
}

std::string date_text(std::chrono::year_month_day date) {
  char text[32];
  const int length = std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(date.year()),
                                   static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return {text, static_cast<std::size_t>(length)};
}

std::int64_t remaining(std::int64_t used, std::int64_t limit) { return std::max<std::int64_t>(0, limit - used); }

std::int64_t percent_used(std::int64_t used, std::int64_t limit) {
  return limit > 0 ? rounded(percent(used, limit)) : 0;
}

std::string percentage_text(std::int64_t used, std::int64_t limit) {
  if (limit <= 0)
    return "0";
  char text[40];
  const int length = std::snprintf(text, sizeof text, "%.1f", percent(used, limit));
  return {text, static_cast<std::size_t>(length)};
}

std::int64_t projected_month_end(std::int64_t used, const usage_month& month) {
  return rounded(static_cast<double>(used) / month.day * month.days());
}

bool approaches_limit(std::int64_t used, std::int64_t limit) {
  return limit > 0 && static_cast<double>(used) / static_cast<double>(limit) >= warning_share;
}

} // namespace cued
