#include "domain/backoff.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include "domain/json/value.hpp"

namespace cued {
namespace {

constexpr double minutes_at_most = 525'600;
const std::vector<double> default_minutes{1, 5, 15};

double minutes_of(const json::value& v) {
  if (v.kind() != json::kind::number)
    return 1;
  double minutes = 0;
  const auto& text = v.number_text();
  if (std::from_chars(text.data(), text.data() + text.size(), minutes).ec == std::errc::result_out_of_range)
    minutes = text.starts_with('-') ? 0 : minutes_at_most;
  return std::clamp(minutes, 0.0, minutes_at_most);
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
  const auto minutes = minutes_list(backoff_minutes_json);
  const auto index = std::min(static_cast<std::size_t>(std::max(attempt, 1) - 1), minutes.size() - 1);
  return std::chrono::microseconds{std::llround(minutes[index] * 60e6)};
}

} // namespace cued
