#include "domain/slug.hpp"

#include <algorithm>

namespace cued {
namespace {

constexpr std::size_t derived_slug_limit = 60;

/// Two characters outside ASCII have a lower-case form that begins inside it: the Kelvin sign (k) and the dotted
/// capital I (i and a combining dot, which counts as a character of its own).
constexpr std::string_view kelvin_sign = "\xe2\x84\xaa";
constexpr std::string_view dotted_capital_i = "\xc4\xb0";

} // namespace

std::string slug_from(std::string_view text, std::string_view fallback) {
  std::string slug;
  bool gap = false;
  auto letter = [&](char c) {
    if (gap && !slug.empty())
      slug += '-';
    gap = false;
    slug += c;
  };
  while (!text.empty()) {
    const char c = text.front();
    if (text.starts_with(kelvin_sign)) {
      letter('k');
      text.remove_prefix(kelvin_sign.size());
      continue;
    }
    if (text.starts_with(dotted_capital_i)) {
      letter('i');
      gap = true;
      text.remove_prefix(dotted_capital_i.size());
      continue;
    }
    if (c >= 'A' && c <= 'Z')
      letter(static_cast<char>(c - 'A' + 'a'));
    else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
      letter(c);
    else
      gap = true;
    text.remove_prefix(1);
  }
  if (slug.empty())
    slug = fallback;
  slug.resize(std::min(slug.size(), derived_slug_limit));
  return slug;
}

std::string slug_variant(std::string_view slug, std::string_view suffix) {
  std::string variant{slug.substr(0, slug_limit - 1 - suffix.size())};
  variant += '-';
  variant += suffix;
  return variant;
}

} // namespace cued
