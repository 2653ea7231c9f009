#include "http/validation/coercions.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "domain/letter_case.hpp"

namespace cued::http {

namespace {

constexpr std::size_t integer_digits_max = 4300; // spec/http.md §3.2
constexpr std::string_view digits = "0123456789";

tl::unexpected<std::string> wrong(std::string_view text) { return tl::unexpected<std::string>{std::string{text}}; }

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\n\r\f\v";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of(digits) == std::string_view::npos;
}

wide_integer integer_of_digits(bool negative, std::string_view number) {
  const std::string signed_text = (negative ? "-" : "") + std::string{number};
  wide_integer out;
  const auto read = std::from_chars(signed_text.data(), signed_text.data() + signed_text.size(), out.value);
  if (read.ec == std::errc::result_out_of_range) {
    out.beyond_int64 = true;
    out.value = negative ? std::numeric_limits<std::int64_t>::min() : std::numeric_limits<std::int64_t>::max();
  }
  return out;
}

double as_double(const std::string& number_text) {
  double d = 0;
  std::from_chars(number_text.data(), number_text.data() + number_text.size(), d);
  return d;
}

coerced<wide_integer> integer_of_number(const std::string& text) {
  std::string_view number = text;
  const bool negative = number.starts_with('-');
  number.remove_prefix(negative ? 1 : 0);
  if (all_digits(number))
    return integer_of_digits(negative, number);

  constexpr double two_to_63 = 9223372036854775808.0;
  const double d = as_double(text);
  if (std::floor(d) != d)
    return wrong("Input should be a valid integer, got a number with a fractional part");
  if (d >= two_to_63 || d < -two_to_63)
    return wide_integer{d > 0 ? std::numeric_limits<std::int64_t>::max() : std::numeric_limits<std::int64_t>::min(),
                        true};
  return wide_integer{static_cast<std::int64_t>(d), false};
}

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

} // namespace

coerced<std::string> to_text(std::string_view text) {
  if (text.find('\0') != std::string_view::npos)
    return wrong(null_character_refused);
  return std::string{text};
}

coerced<std::string> to_text(const json::value& v) {
  if (v.kind() != json::kind::string)
    return wrong("Input should be a valid string");
  if (json::holds_lone_surrogate(v.as_string()))
    return wrong(lone_surrogate_refused);
  return to_text(v.as_string());
}

coerced<wide_integer> to_integer(std::string_view text) {
  std::string_view number = trimmed(text);
  const bool negative = number.starts_with('-');
  if (negative || number.starts_with('+'))
    number.remove_prefix(1);
  if (const auto point = number.find('.'); point != std::string_view::npos) {
    const auto fraction = number.substr(point + 1);
    if (fraction.empty() || fraction.find_first_not_of('0') != std::string_view::npos)
      return wrong("Input should be a valid integer, unable to parse string as an integer");
    number = number.substr(0, point);
  }
  if (!all_digits(number))
    return wrong("Input should be a valid integer, unable to parse string as an integer");
  if (number.size() > integer_digits_max)
    return wrong("Unable to parse input string as an integer, exceeded maximum size");
  return integer_of_digits(negative, number);
}

coerced<wide_integer> to_integer(const json::value& v) {
  switch (v.kind()) {
  case json::kind::number:
    return integer_of_number(v.number_text());
  case json::kind::boolean:
    return wide_integer{v.as_boolean() ? 1 : 0, false};
  case json::kind::string:
    return to_integer(std::string_view{v.as_string()});
  default:
    return wrong("Input should be a valid integer");
  }
}

coerced<bool> to_boolean(std::string_view text) {
  static constexpr std::array yes{"true", "t", "yes", "y", "on", "1"};
  static constexpr std::array no{"false", "f", "no", "n", "off", "0"};
  const auto lower = lower_case(text);
  if (std::find(yes.begin(), yes.end(), lower) != yes.end())
    return true;
  if (std::find(no.begin(), no.end(), lower) != no.end())
    return false;
  return wrong("Input should be a valid boolean, unable to interpret input");
}

coerced<bool> to_boolean(const json::value& v) {
  switch (v.kind()) {
  case json::kind::boolean:
    return v.as_boolean();
  case json::kind::string:
    return to_boolean(std::string_view{v.as_string()});
  case json::kind::number: {
    const double d = as_double(v.number_text());
    if (d == 0 || d == 1)
      return d == 1;
    return wrong("Input should be a valid boolean, unable to interpret input");
  }
  default:
    return wrong("Input should be a valid boolean");
  }
}

coerced<timestamp> to_time(const json::value& v) {
  if (v.kind() == json::kind::string)
    return parse_timestamp(v.as_string());
  if (v.kind() == json::kind::number)
    return parse_timestamp_number(v.number_text());
  return wrong(not_a_timestamp);
}

coerced<std::string> to_uuid(std::string_view text) {
  const std::string lower = lower_case(text);
  std::string_view core = lower;
  if (core.starts_with("urn:uuid:"))
    core.remove_prefix(9);
  else if (core.size() > 2 && core.front() == '{' && core.back() == '}')
    core = core.substr(1, core.size() - 2);

  const bool hyphenated = core.size() == 36;
  if (!hyphenated && (core.size() != 32 || core.size() != lower.size()))
    return wrong("Input should be a valid UUID, invalid length");
  std::string out;
  out.reserve(36);
  for (std::size_t i = 0; i < core.size(); ++i) {
    const bool separator = hyphenated && (i == 8 || i == 13 || i == 18 || i == 23);
    if (separator ? core[i] != '-' : !is_hex(core[i]))
      return wrong("Input should be a valid UUID, invalid character");
    if (!separator) {
      if (out.size() == 8 || out.size() == 13 || out.size() == 18 || out.size() == 23)
        out += '-';
      out += core[i];
    }
  }
  return out;
}

coerced<std::string> to_uuid(const json::value& v) {
  if (v.kind() != json::kind::string)
    return wrong("UUID input should be a string, bytes or UUID object");
  return to_uuid(std::string_view{v.as_string()});
}

std::size_t length_in_code_points(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

} // namespace cued::http
