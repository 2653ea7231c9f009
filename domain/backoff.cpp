#include "domain/backoff.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "domain/json/value.hpp"

namespace cued {
namespace {

constexpr double minutes_at_most = 525'600;
constexpr double seconds_at_most = minutes_at_most * 60;
const std::vector<double> default_minutes{1, 5, 15};

double held_within(const std::string& number_text, double at_most) {
  double value = 0;
  const auto* end = number_text.data() + number_text.size();
  if (std::from_chars(number_text.data(), end, value).ec == std::errc::result_out_of_range)
    value = number_text.starts_with('-') ? 0 : at_most;
  return std::clamp(value, 0.0, at_most);
}

double minutes_of(const json::value& v) {
  return v.kind() == json::kind::number ? held_within(v.number_text(), minutes_at_most) : 1;
}

/// Entry `attempt - 1`, for later attempts the last one.
template <class T>
const T& entry_for(int attempt, const std::vector<T>& entries) {
  return entries[std::min(static_cast<std::size_t>(std::max(attempt, 1) - 1), entries.size() - 1)];
}

/// Nothing where the cue does not say it in seconds.
std::optional<double> seconds_for(int attempt, std::string_view json_text) {
  if (json_text.empty())
    return std::nullopt;
  const auto parsed = json::parse(json_text);
  if (!parsed || parsed->kind() != json::kind::array || parsed->items().empty())
    return std::nullopt;
  const auto& entry = entry_for(attempt, parsed->items());
  return entry.kind() == json::kind::number ? std::optional{held_within(entry.number_text(), seconds_at_most)}
                                            : std::nullopt;
}

std::vector<double> minutes_list(std::string_view json_text) {
  const auto parsed = json::parse(json_text);
  if (!parsed)
    return default_minutes;
  if (parsed->kind() == json::kind::number)
    return {minutes_of(*parsed)};
  if (parsed->kind() != json::kind::array)
    return default_minutes;
  if (parsed->items().empty())
    return {1};
  std::vector<double> out;
  for (const auto& item : parsed->items())
    out.push_back(minutes_of(item));
  return out;
}

} // namespace

std::chrono::microseconds retry_delay(int attempt, std::string_view backoff_minutes_json) {
  return std::chrono::microseconds{std::llround(entry_for(attempt, minutes_list(backoff_minutes_json)) * 60e6)};
}

std::chrono::microseconds retry_delay(int attempt, std::string_view backoff_minutes_json,
                                      std::string_view backoff_seconds_json, int jitter_percent, double random) {
  const auto seconds = seconds_for(attempt, backoff_seconds_json);
  const auto base = seconds ? *seconds * 1e6 : static_cast<double>(retry_delay(attempt, backoff_minutes_json).count());
  const double share = std::clamp(jitter_percent, 0, 100) / 100.0;
  const double moved = base * (1 + share * (2 * random - 1));
  return std::chrono::microseconds{std::llround(std::min(moved, seconds_at_most * 1e6))};
}

} // namespace cued
