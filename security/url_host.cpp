#include "security/url_host.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <idn2.h>

#include "security/address.hpp"

namespace cued::security {
namespace {

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// WHATWG URL, "forbidden domain code point".
bool is_forbidden_in_name(char c) {
  return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F ||
         std::string_view("#/:<>?@[\\]^|%").find(c) != std::string_view::npos;
}

std::vector<std::string_view> labels_of(std::string_view name) {
  std::vector<std::string_view> labels;
  for (;;) {
    const auto dot = name.find('.');
    labels.push_back(name.substr(0, dot));
    if (dot == std::string_view::npos)
      return labels;
    name.remove_prefix(dot + 1);
  }
}

struct freed_by_idn2 {
  void operator()(char* text) const { idn2_free(text); }
};

/// UTS #46, non-transitional: maps, folds and punycodes.
std::optional<std::string> idna_to_ascii(const std::string& name) {
  char* raw = nullptr;
  const auto code = idn2_to_ascii_8z(name.c_str(), &raw, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  const std::unique_ptr<char, freed_by_idn2> ascii(raw);
  if (code != IDN2_OK)
    return std::nullopt;
  return std::string(ascii.get());
}

/// Names of plain ASCII letters do without IDNA, whose limits on length and hyphens URLs do not have.
std::optional<std::string> name_to_ascii(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  if (name.find('\0') != std::string::npos)
    return std::nullopt;
  const auto labels = labels_of(name);
  const bool punycode = std::any_of(labels.begin(), labels.end(), [](auto label) { return label.starts_with("xn--"); });
  if (is_ascii(name) && !punycode)
    return name;
  return idna_to_ascii(name);
}

/// A part of an IPv4 address: decimal, octal behind `0`, hexadecimal behind `0x` (which alone is 0).
std::optional<std::uint64_t> ipv4_part(std::string_view text) {
  if (text.empty())
    return std::nullopt;
  int base = 10;
  if (text.starts_with("0x")) {
    base = 16;
    text.remove_prefix(2);
  } else if (text.size() > 1 && text.front() == '0') {
    base = 8;
    text.remove_prefix(1);
  }
  if (text.empty())
    return 0;
  constexpr std::uint64_t over_any_address = std::uint64_t{1} << 33;
  std::uint64_t number = 0;
  const auto* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number, base);
  if (read.ptr != end || read.ec == std::errc::invalid_argument)
    return std::nullopt;
  return read.ec == std::errc::result_out_of_range ? over_any_address : number;
}

bool is_all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// Labels of a name whose last one is a number, which makes it an IPv4 address or nothing; else none.
std::vector<std::string_view> numeric_labels(std::string_view name) {
  auto labels = labels_of(name);
  if (labels.size() > 1 && labels.back().empty())
    labels.pop_back();
  if (!is_all_digits(labels.back()) && !ipv4_part(labels.back()))
    labels.clear();
  return labels;
}

/// All parts but the last are one byte each; the last one fills the rest.
std::optional<std::string> ipv4_from(const std::vector<std::string_view>& labels) {
  constexpr std::size_t parts_max = 4;
  if (labels.size() > parts_max)
    return std::nullopt;
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto part = ipv4_part(labels[i]);
    const bool last = i + 1 == labels.size();
    const auto width = last ? 8 * (parts_max - i) : 8;
    if (!part || *part >> width != 0)
      return std::nullopt;
    bits = bits << width | *part;
  }
  const auto byte = [&](int shift) { return static_cast<unsigned char>(bits >> shift); };
  return address::v4({byte(24), byte(16), byte(8), byte(0)}).text();
}

tl::expected<std::string, url_fault> normalise_bracketed(std::string_view text) {
  if (!text.ends_with(']'))
    return tl::unexpected(url_fault::bad_ipv6);
  const auto found = address::parse(text.substr(1, text.size() - 2));
  if (!found || found->is_v4())
    return tl::unexpected(url_fault::bad_ipv6);
  return found->text();
}

} // namespace

tl::expected<std::string, url_fault> normalise_host(std::string_view text) {
  if (text.starts_with('['))
    return normalise_bracketed(text);
  const auto name = name_to_ascii(percent_decoded(text));
  if (!name || std::any_of(name->begin(), name->end(), is_forbidden_in_name))
    return tl::unexpected(url_fault::bad_name);
  if (name->empty())
    return tl::unexpected(url_fault::empty_host);
  const auto numeric = numeric_labels(*name);
  if (numeric.empty())
    return *name;
  auto dotted = ipv4_from(numeric);
  if (!dotted)
    return tl::unexpected(url_fault::bad_ipv4);
  return std::move(*dotted);
}

} // namespace cued::security
