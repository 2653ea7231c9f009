#include "domain/timestamp.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <system_error>

namespace cued {

namespace {

using std::chrono::microseconds;
using std::chrono::minutes;

using parsed = tl::expected<timestamp, std::string>;

/// Numbers beyond this are milliseconds (spec/cues.md §0).
constexpr long double seconds_max = 2e10L;
constexpr int fraction_digits = 6;

// Four digits of a year are all that the two output forms have.
constexpr instant first_instant{std::chrono::sys_days{std::chrono::year{1} / 1 / 1}};
constexpr instant first_instant_of_year_zero{std::chrono::sys_days{std::chrono::year{0} / 1 / 1}};
constexpr instant end_of_instants{std::chrono::sys_days{std::chrono::year{10000} / 1 / 1}};

constexpr std::string_view text_prefix = "Input should be a valid datetime or date, ";
constexpr std::string_view number_prefix = "Input should be a valid datetime, ";

tl::unexpected<std::string> refuse(std::string_view prefix, std::string_view reason) {
  return tl::unexpected<std::string>(std::string{prefix} + std::string{reason});
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

parsed within_years(timestamp t) {
  if (t.at < first_instant)
    return refuse(number_prefix, "year 0 is out of range");
  if (t.at >= end_of_instants)
    return refuse(number_prefix, "year 10000 is out of range");
  return t;
}

// -- numbers --------------------------------------------------------------

/// A long double holds every microsecond of the years 1 to 9999 exactly; a double does not.
parsed from_microseconds_since_epoch(long double value, std::string_view prefix) {
  if (value >= static_cast<long double>(end_of_instants.time_since_epoch().count()))
    return refuse(prefix, "dates after 9999 are not supported as unix timestamps");
  if (value < static_cast<long double>(first_instant_of_year_zero.time_since_epoch().count()))
    return refuse(prefix, "dates before 0000 are not supported as unix timestamps");
  return within_years({instant{microseconds{std::llround(value)}}, minutes{0}});
}

/// What stands for a number whose exponent no long double holds.
long double beyond_range(std::string_view number_text) {
  const auto exponent = number_text.find_first_of("eE");
  if (exponent != std::string_view::npos && number_text.substr(exponent + 1).starts_with('-'))
    return 0;
  return number_text.starts_with('-') ? -HUGE_VALL : HUGE_VALL;
}

/// Nothing where `number_text` is no number at all.
std::optional<parsed> from_number(std::string_view number_text, std::string_view prefix) {
  const char* const end = number_text.data() + number_text.size();
  long double value = 0;
  const auto [stop, problem] = std::from_chars(number_text.data(), end, value);
  if (problem == std::errc::invalid_argument || stop != end)
    return std::nullopt;
  if (problem == std::errc::result_out_of_range)
    value = beyond_range(number_text);
  return from_microseconds_since_epoch(value * (std::abs(value) > seconds_max ? 1e3L : 1e6L), prefix);
}

/// `12`, `-1.5`, `.5`, `1.`, `1.5e9`. An exponent is taken only after a fraction: `1e3` is no timestamp.
bool is_decimal(std::string_view text) {
  bool any_digit = false;
  bool point = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_digit(c))
      any_digit = true;
    else if (c == '.' && !point)
      point = true;
    else if ((c == 'e' || c == 'E') && point && any_digit)
      return true; // the exponent itself is judged by the conversion
    else if (!((c == '-' || c == '+') && i == 0))
      return false;
  }
  return any_digit;
}

// -- texts ----------------------------------------------------------------

/// Takes a text apart from left to right; each step says whether what it wanted was there.
class cursor {
public:
  explicit cursor(std::string_view rest) : rest_{rest} {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] bool at_digit() const { return !rest_.empty() && is_digit(rest_.front()); }

  bool take(std::string_view word) {
    if (!rest_.starts_with(word))
      return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  bool take_any_of(std::string_view characters) {
    if (rest_.empty() || characters.find(rest_.front()) == std::string_view::npos)
      return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool take_number(std::size_t digits, int& value) {
    if (rest_.size() < digits)
      return false;
    value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (!is_digit(rest_[i]))
        return false;
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(digits);
    return true;
  }

  bool take_two_digits(int limit, int& value) { return take_number(2, value) && value < limit; }

private:
  std::string_view rest_;
};

/// `.f+` or `,f+`, if there: digits past the sixth are cut.
bool take_fraction(cursor& text, microseconds& fraction) {
  if (!text.take_any_of(".,"))
    return true;
  if (!text.at_digit())
    return false;
  int value = 0;
  for (int taken = 0; taken < fraction_digits || text.at_digit(); ++taken) {
    int digit = 0;
    if (text.at_digit())
      text.take_number(1, digit);
    if (taken < fraction_digits)
      value = value * 10 + digit;
  }
  fraction = microseconds{value};
  return true;
}

/// `Z`, `z`, `±HHMM`, `±HH:MM`, if there.
bool take_offset(cursor& text, std::optional<minutes>& offset) {
  if (text.at_end())
    return true;
  if (text.take_any_of("Zz")) {
    offset = minutes{0};
    return true;
  }
  const bool negative = text.take("-") || text.take("\u2212");
  if (!negative && !text.take("+"))
    return false;
  int hour = 0;
  int minute = 0;
  if (!text.take_two_digits(24, hour))
    return false;
  text.take(":");
  if (!text.take_two_digits(60, minute))
    return false;
  const minutes distance{hour * 60 + minute};
  offset = negative ? -distance : distance;
  return true;
}

bool take_time(cursor& text, microseconds& since_midnight, std::optional<minutes>& offset) {
  int hour = 0;
  int minute = 0;
  int second = 0;
  microseconds fraction{0};
  if (!text.take_any_of("Tt _") || !text.take_two_digits(24, hour) || !text.take(":") ||
      !text.take_two_digits(60, minute))
    return false;
  if (text.take(":") && (!text.take_two_digits(60, second) || !take_fraction(text, fraction)))
    return false;
  if (!take_offset(text, offset) || !text.at_end())
    return false;
  since_midnight = std::chrono::hours{hour} + minutes{minute} + std::chrono::seconds{second} + fraction;
  return true;
}

tl::expected<std::chrono::sys_days, std::string> take_date(cursor& text) {
  constexpr std::string_view bad_separator = "invalid date separator, expected `-`";
  int year = 0;
  int month = 0;
  int day = 0;
  if (!text.take_number(4, year))
    return refuse(text_prefix, "invalid character in year");
  if (!text.take("-"))
    return refuse(text_prefix, bad_separator);
  if (!text.take_number(2, month))
    return refuse(text_prefix, "invalid character in month");
  if (!text.take("-"))
    return refuse(text_prefix, bad_separator);
  if (!text.take_number(2, day))
    return refuse(text_prefix, "invalid character in day");
  if (month < 1 || month > 12)
    return refuse(text_prefix, "month value is outside expected range of 1-12");
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok())
    return refuse(text_prefix, "day value is outside expected range");
  return std::chrono::sys_days{date};
}

// -- output ---------------------------------------------------------------

/// With leading zeros; only a year that somebody put into the database can be longer than `width`.
void append_digits(std::string& out, std::int64_t value, int width) {
  std::array<char, fraction_digits> digits{};
  std::int64_t rest = value;
  for (auto at = static_cast<std::size_t>(width); at > 0; rest /= 10)
    digits[--at] = static_cast<char>('0' + rest % 10);
  if (rest == 0 && value >= 0)
    out.append(digits.data(), static_cast<std::size_t>(width));
  else
    out += std::to_string(value);
}

std::string format_civil(std::chrono::sys_time<microseconds> shifted) {
  const auto day = std::chrono::floor<std::chrono::days>(shifted);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{shifted - day};
  std::string out;
  out.reserve(32);
  append_digits(out, static_cast<int>(date.year()), 4);
  out += '-';
  append_digits(out, static_cast<unsigned>(date.month()), 2);
  out += '-';
  append_digits(out, static_cast<unsigned>(date.day()), 2);
  out += 'T';
  append_digits(out, time.hours().count(), 2);
  out += ':';
  append_digits(out, time.minutes().count(), 2);
  out += ':';
  append_digits(out, time.seconds().count(), 2);
  if (time.subseconds().count() != 0) {
    out += '.';
    append_digits(out, time.subseconds().count(), fraction_digits);
  }
  return out;
}

} // namespace

tl::expected<timestamp, std::string> parse_timestamp(std::string_view text) {
  if (is_decimal(text)) {
    const bool plus = text.front() == '+'; // from_chars knows no plus sign
    if (auto number = from_number(text.substr(plus ? 1 : 0), text_prefix))
      return *std::move(number);
  }
  if (text.size() < std::string_view{"YYYY-MM-DD"}.size())
    return refuse(text_prefix, "input is too short");
  cursor rest{text};
  const auto date = take_date(rest);
  if (!date)
    return tl::unexpected<std::string>(date.error());
  microseconds since_midnight{0};
  std::optional<minutes> offset;
  if (!rest.at_end() && !take_time(rest, since_midnight, offset))
    return refuse(text_prefix, "unexpected extra characters at the end of the input");
  return within_years({*date + since_midnight - offset.value_or(minutes{0}), offset});
}

tl::expected<timestamp, std::string> parse_timestamp_number(std::string_view number_text) {
  if (auto number = from_number(number_text, number_prefix))
    return *std::move(number);
  return tl::unexpected<std::string>(std::string{not_a_timestamp});
}

std::string format_z(instant at) { return format_civil(at) + 'Z'; }

std::string format_offset(instant at, std::chrono::minutes offset) {
  std::string out = format_civil(at + offset);
  const auto distance = std::chrono::abs(offset).count();
  out += offset.count() < 0 ? '-' : '+';
  append_digits(out, distance / 60, 2);
  out += ':';
  append_digits(out, distance % 60, 2);
  return out;
}

} // namespace cued
