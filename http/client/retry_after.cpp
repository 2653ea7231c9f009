#include "http/client/retry_after.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <string>
#include <vector>

namespace cued::http::client {
namespace {

constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<int> number_in(std::string_view text) {
  int n = 0;
  if (!all_digits(text) || std::from_chars(text.data(), text.data() + text.size(), n).ec != std::errc{})
    return std::nullopt;
  return n;
}

std::optional<unsigned> month_in(std::string_view text) {
  const auto at = std::ranges::find(months, text);
  return at == months.end() ? std::nullopt : std::optional{static_cast<unsigned>(at - months.begin()) + 1};
}

std::vector<std::string_view> split(std::string_view text, std::string_view at) {
  std::vector<std::string_view> parts;
  for (auto start = text.find_first_not_of(at); start != std::string_view::npos; start = text.find_first_not_of(at)) {
    text.remove_prefix(start);
    const auto end = std::min(text.find_first_of(at), text.size());
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return parts;
}

/// `08:49:37`; a leap second is the second before it.
std::optional<std::chrono::seconds> time_in(std::string_view text) {
  if (text.size() != 8 || text[2] != ':' || text[5] != ':')
    return std::nullopt;
  const auto hour = number_in(text.substr(0, 2)), minute = number_in(text.substr(3, 2)),
             second = number_in(text.substr(6));
  if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 60)
    return std::nullopt;
  return std::chrono::hours{*hour} + std::chrono::minutes{*minute} + std::chrono::seconds{std::min(*second, 59)};
}

std::optional<instant> moment(std::optional<int> year, std::optional<unsigned> month, std::optional<int> day,
                              std::optional<std::chrono::seconds> time) {
  if (!year || !month || !day || !time)
    return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year}, std::chrono::month{*month},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok())
    return std::nullopt;
  return std::chrono::sys_days{date} + *time;
}

/// RFC 9110 §5.6.7: two digits that would be more than fifty years ahead are of the century before.
std::optional<int> full_year(std::optional<int> two_digits, instant now) {
  if (!two_digits || *two_digits > 99)
    return std::nullopt;
  const std::chrono::year_month_day today{std::chrono::floor<std::chrono::days>(now)};
  const int this_year = static_cast<int>(today.year());
  const int year = this_year - this_year % 100 + *two_digits;
  return year > this_year + 50 ? year - 100 : year;
}

} // namespace

std::optional<instant> read_http_date(std::string_view text, instant now) {
  const auto parts = split(text, " ");
  if (parts.size() == 6 && parts[5] == "GMT" && parts[3].size() == 4) // Sun, 06 Nov 1994 08:49:37 GMT
    return moment(number_in(parts[3]), month_in(parts[2]), number_in(parts[1]), time_in(parts[4]));
  if (parts.size() == 4 && parts[3] == "GMT") { // Sunday, 06-Nov-94 08:49:37 GMT
    const auto date = split(parts[1], "-");
    if (date.size() != 3)
      return std::nullopt;
    return moment(full_year(number_in(date[2]), now), month_in(date[1]), number_in(date[0]), time_in(parts[2]));
  }
  if (parts.size() == 5 && parts[4].size() == 4) // Sun Nov  6 08:49:37 1994
    return moment(number_in(parts[4]), month_in(parts[1]), number_in(parts[2]), time_in(parts[3]));
  return std::nullopt;
}

std::optional<int> read_retry_after(std::string_view value, std::string_view date_of_answer, instant now) {
  constexpr int most = std::numeric_limits<int>::max();
  if (all_digits(value))
    return number_in(value).value_or(most);
  const auto asked_for = read_http_date(value, now);
  if (!asked_for)
    return std::nullopt;
  const auto left =
      std::chrono::ceil<std::chrono::seconds>(*asked_for - read_http_date(date_of_answer, now).value_or(now)).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, most));
}

} // namespace cued::http::client
