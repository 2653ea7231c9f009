#include "domain/json/surrogates.hpp"

#include <charconv>

namespace cued::json {
namespace {

constexpr std::size_t hex_digits = 4;

/// The four digits behind `\u`, which are taken off the front.
std::optional<std::uint32_t> take_unit(std::string_view& rest) {
  if (rest.size() < hex_digits)
    return std::nullopt;
  std::uint32_t unit = 0;
  const auto* const end = rest.data() + hex_digits;
  const auto [stop, failed] = std::from_chars(rest.data(), end, unit, 16);
  if (failed != std::errc{} || stop != end)
    return std::nullopt;
  rest.remove_prefix(hex_digits);
  return unit;
}

bool append_escaped_code_point(std::string& out, std::string_view& rest) {
  auto point = take_unit(rest);
  if (!point)
    return false;
  if (is_high_surrogate(*point) && rest.starts_with("\\u")) {
    auto behind = rest.substr(2);
    if (const auto low = take_unit(behind); low && is_low_surrogate(*low)) {
      point = joined(*point, *low);
      rest = behind;
    }
  }
  append_code_point(out, *point);
  return true;
}

/// What a letter behind a backslash stands for; 0 if nothing.
char meaning_of(char letter) {
  constexpr std::string_view letters = "\"\\/bfnrt";
  constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
  const auto at = letters.find(letter);
  return at == std::string_view::npos ? '\0' : meanings[at];
}

} // namespace

void append_code_point(std::string& out, std::uint32_t point) {
  const auto continuation = [&](int shift) { out += static_cast<char>(0x80 | (point >> shift & 0x3F)); };
  if (point < 0x80) {
    out += static_cast<char>(point);
  } else if (point < 0x800) {
    out += static_cast<char>(0xC0 | point >> 6);
    continuation(0);
  } else if (point < 0x10000) {
    out += static_cast<char>(0xE0 | point >> 12);
    continuation(6);
    continuation(0);
  } else {
    out += static_cast<char>(0xF0 | point >> 18);
    continuation(12);
    continuation(6);
    continuation(0);
  }
}

std::optional<std::string> unescaped_with_surrogates(std::string_view raw) {
  std::string out;
  while (!raw.empty() && raw.front() != '"') {
    const char c = raw.front();
    raw.remove_prefix(1);
    if (c != '\\') {
      out += c;
      continue;
    }
    if (raw.empty())
      return std::nullopt;
    const char letter = raw.front();
    raw.remove_prefix(1);
    if (letter == 'u') {
      if (!append_escaped_code_point(out, raw))
        return std::nullopt;
    } else if (const char meaning = meaning_of(letter)) {
      out += meaning;
    } else {
      return std::nullopt;
    }
  }
  if (raw.empty())
    return std::nullopt;
  return out;
}

} // namespace cued::json
