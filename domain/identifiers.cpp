#include "domain/identifiers.hpp"

#include <algorithm>

#include "domain/letter_case.hpp"

namespace cued {

namespace {

constexpr std::string_view pattern = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
constexpr std::size_t hex_digit_count = 32;

bool is_hex_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

std::string_view without_wrapping(std::string_view text) {
  constexpr std::string_view urn = "urn:uuid:";
  const auto prefix = text.substr(0, urn.size());
  if (std::equal(prefix.begin(), prefix.end(), urn.begin(), urn.end(),
                 [](char a, char b) { return lower_case(a) == b; }))
    return text.substr(urn.size());
  if (text.size() >= 2 && text.front() == '{' && text.back() == '}')
    return text.substr(1, text.size() - 2);
  return text;
}

} // namespace

std::optional<std::string> canonical_uuid(std::string_view text) {
  const std::string_view bare = without_wrapping(text);
  const bool hyphenated = bare.size() == pattern.size();
  if (!hyphenated && (bare.size() != hex_digit_count || bare.size() != text.size()))
    return std::nullopt;

  std::string canonical;
  canonical.reserve(pattern.size());
  std::size_t next = 0;
  for (const char wanted : pattern) {
    if (wanted == '-' && !hyphenated) {
      canonical += '-';
      continue;
    }
    const char c = lower_case(bare[next++]);
    if (wanted == '-' ? c != '-' : !is_hex_digit(c))
      return std::nullopt;
    canonical += c;
  }
  return canonical;
}

} // namespace cued
