#include "domain/json/number.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace cued::json {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Index of the first character at or after `from` that is no digit.
std::size_t skip_digits(std::string_view text, std::size_t from) {
  while (from < text.size() && is_digit(text[from]))
    ++from;
  return from;
}

/// True if a number that no double can hold is too large rather than too small: decides by the decimal exponent of its
/// first digit that is not 0.
bool is_huge(std::string_view text) {
  constexpr long exponent_limit = 1'000'000; // bodies are smaller than this many digits
  const auto mark = text.find_first_of("eE");
  const auto mantissa = text.substr(0, mark);
  const auto point = std::min(mantissa.find('.'), mantissa.size());
  const auto leading = mantissa.find_first_of("123456789");
  if (leading == std::string_view::npos)
    return false;
  const long places = static_cast<long>(point) - static_cast<long>(leading);
  if (mark == std::string_view::npos)
    return places > 0;
  auto digits = text.substr(mark + 1);
  if (digits.front() == '+')
    digits.remove_prefix(1);
  long exponent = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
  if (read.ec == std::errc::result_out_of_range || std::abs(exponent) > exponent_limit)
    return digits.front() != '-';
  return places + exponent > 0;
}

double nearest_double(std::string_view text) {
  double d = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), d);
  if (read.ec != std::errc::result_out_of_range)
    return d;
  const double magnitude = is_huge(text) ? std::numeric_limits<double>::infinity() : 0.0;
  return text.front() == '-' ? -magnitude : magnitude;
}

/// `digits` without a point, the first one standing for digit * 10^exponent.
void append_decimal(std::string& out, std::string_view digits, int exponent) {
  constexpr int plain_exponent_min = -4, plain_exponent_max = 15;
  const int count = static_cast<int>(digits.size());
  if (exponent < plain_exponent_min || exponent > plain_exponent_max) {
    out += digits.front();
    if (count > 1)
      out.append(1, '.').append(digits.substr(1));
    out.append(exponent < 0 ? "e-" : "e+");
    const auto power = std::to_string(std::abs(exponent));
    out.append(power.size() < 2 ? "0" : "").append(power);
  } else if (exponent < 0) {
    out.append("0.").append(static_cast<std::size_t>(-exponent - 1), '0').append(digits);
  } else if (exponent + 1 >= count) {
    out.append(digits).append(static_cast<std::size_t>(exponent + 1 - count), '0').append(".0");
  } else {
    const auto whole = static_cast<std::size_t>(exponent + 1);
    out.append(digits.substr(0, whole)).append(1, '.').append(digits.substr(whole));
  }
}

void append_double(std::string& out, double d) {
  std::array<char, 32> buffer; // "-d.dddddddddddddddde-ddd" is 24
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), d, std::chars_format::scientific).ptr;
  std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  if (text.front() == '-') {
    out += '-';
    text.remove_prefix(1);
  }
  const auto mark = text.find('e');
  std::string digits(1, text.front());
  if (mark > 1)
    digits.append(text.substr(2, mark - 2));
  const bool negative = text[mark + 1] == '-';
  int exponent = 0;
  std::from_chars(text.data() + mark + 2, text.data() + text.size(), exponent);
  append_decimal(out, digits, negative ? -exponent : exponent);
}

} // namespace

bool is_number(std::string_view text) {
  std::size_t at = !text.empty() && text[0] == '-' ? 1 : 0;
  const auto whole_end = skip_digits(text, at);
  if (whole_end == at || (text[at] == '0' && whole_end > at + 1))
    return false;
  at = whole_end;
  if (at < text.size() && text[at] == '.') {
    const auto fraction_end = skip_digits(text, at + 1);
    if (fraction_end == at + 1)
      return false;
    at = fraction_end;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-'))
      ++at;
    const auto exponent_end = skip_digits(text, at);
    if (exponent_end == at)
      return false;
    at = exponent_end;
  }
  return at == text.size();
}

bool is_integer(std::string_view text) { return text.find_first_of(".eE") == std::string_view::npos; }

std::size_t digit_count(std::string_view integer) { return integer.size() - (integer.front() == '-' ? 1 : 0); }

bool is_finite_number(std::string_view text) { return is_integer(text) || std::isfinite(nearest_double(text)); }

bool is_vanishing(std::string_view text) { return !is_integer(text) && nearest_double(text) == 0; }

void append_canonical_number(std::string& out, std::string_view text) {
  if (!is_integer(text))
    append_double(out, nearest_double(text));
  else
    out += text == "-0" ? std::string_view("0") : text;
}

} // namespace cued::json
