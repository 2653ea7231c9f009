#include "security/email_address.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include <idn2.h>

namespace cued::security {
namespace {

constexpr std::size_t input_limit = 2048;  // characters as sent, display name included
constexpr std::size_t address_limit = 254; // RFC 5321 §4.5.3.1.3, less the angle brackets
constexpr std::size_t label_limit = 63;    // RFC 1035 §2.3.4

/// RFC 6761 and RFC 7686: names that never reach a mailbox. `example` is left out: documentation lives on it.
constexpr std::array<std::string_view, 6> special_domains{"arpa", "invalid", "local", "localhost", "onion", "test"};

using reason = std::string;

tl::unexpected<reason> because(const char* text) { return tl::unexpected<reason>{text}; }

std::size_t code_points(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](unsigned char c) { return (c & 0xC0) != 0x80; }));
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n\v\f";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// The part in angle brackets of a display form; the text itself when it has none.
std::string_view without_display_name(std::string_view text) {
  if (!text.ends_with('>'))
    return text;
  const auto open = text.find('<');
  if (open == std::string_view::npos)
    return text;
  return trimmed(text.substr(open + 1, text.size() - open - 2));
}

bool is_atom_character(unsigned char c) {
  if (c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
    return true;
  return c != '\0' && std::string_view{"!#$%&'*+-/=?^_`{|}~"}.find(static_cast<char>(c)) != std::string_view::npos;
}

/// Blanks, controls and invisible marks outside ASCII, which would make two addresses look like one.
bool holds_invisible_character(std::string_view utf8) {
  for (std::size_t i = 0; i + 1 < utf8.size(); ++i) {
    const auto first = static_cast<unsigned char>(utf8[i]);
    const auto second = static_cast<unsigned char>(utf8[i + 1]);
    if (first == 0xC2 && second <= 0xA0) // U+0080..U+00A0
      return true;
    if (i + 2 >= utf8.size())
      continue;
    const auto third = static_cast<unsigned char>(utf8[i + 2]);
    if (first == 0xE2 && second == 0x80 && (third <= 0x8F || (third >= 0xA8 && third <= 0xAF))) // U+2000..F, U+2028..F
      return true;
    if (first == 0xE2 && second == 0x81 && third >= 0x9F && third <= 0xAF) // U+205F..U+206F
      return true;
    if ((first == 0xE3 && second == 0x80 && third == 0x80) || (first == 0xEF && second == 0xBB && third == 0xBF))
      return true; // ideographic space, byte order mark
  }
  return false;
}

tl::expected<void, reason> check_local_part(std::string_view local) {
  if (local.empty())
    return because("There must be something before the @-sign.");
  if (local.front() == '.')
    return because("An email address cannot start with a period.");
  if (local.back() == '.')
    return because("An email address cannot have a period immediately before the @-sign.");
  if (local.find("..") != std::string_view::npos)
    return because("An email address cannot have two periods in a row.");
  const auto allowed = [](unsigned char c) { return c == '.' || is_atom_character(c); };
  if (!std::all_of(local.begin(), local.end(), allowed) || holds_invisible_character(local))
    return because("The email address contains invalid characters before the @-sign.");
  return {};
}

struct free_idn2 {
  void operator()(char* text) const { idn2_free(text); }
};
using idn2_text = std::unique_ptr<char, free_idn2>;

/// The domain as DNS knows it: lower-case ASCII.
std::optional<std::string> to_ascii(const std::string& domain) {
  char* out = nullptr;
  const int outcome = idn2_to_ascii_8z(domain.c_str(), &out, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  const idn2_text owned{out};
  if (outcome != IDN2_OK)
    return std::nullopt;
  return std::string{out};
}

std::optional<std::string> to_unicode(const std::string& ascii) {
  char* out = nullptr;
  const int outcome = idn2_to_unicode_8z8z(ascii.c_str(), &out, 0);
  const idn2_text owned{out};
  if (outcome != IDN2_OK)
    return std::nullopt;
  return std::string{out};
}

tl::expected<void, reason> check_label(std::string_view label) {
  if (label.empty())
    return because("An email address cannot have two periods in a row.");
  if (label.size() > label_limit)
    return because("The part after the @-sign is too long between periods.");
  const auto allowed = [](char c) { return c == '-' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'); };
  if (!std::all_of(label.begin(), label.end(), allowed))
    return because("The part after the @-sign contains invalid characters.");
  if (label.front() == '-' || label.back() == '-')
    return because("An email address cannot have a hyphen next to a period or at the end of the domain.");
  if (label.size() > 3 && label.substr(2, 2) == "--" && !label.starts_with("xn"))
    return because("An email address cannot have two letters followed by two hyphens in its domain.");
  return {};
}

tl::expected<void, reason> check_ascii_domain(std::string_view ascii) {
  std::string_view last = ascii;
  for (std::size_t from = 0; from <= ascii.size();) {
    const auto dot = std::min(ascii.find('.', from), ascii.size());
    last = ascii.substr(from, dot - from);
    if (auto good = check_label(last); !good)
      return good;
    from = dot + 1;
  }
  if (std::find(special_domains.begin(), special_domains.end(), last) != special_domains.end())
    return because("The part after the @-sign is a special-use or reserved name that cannot be used with email.");
  if (last.size() == ascii.size())
    return because("The part after the @-sign is not valid. It should have a period.");
  if (last.back() < 'a' || last.back() > 'z')
    return because("The part after the @-sign is not valid. It is not within a valid top-level domain.");
  return {};
}

} // namespace

tl::expected<std::string, std::string> normalise_email(std::string_view text) {
  if (code_points(text) > input_limit)
    return because("Length must not exceed 2048 characters");
  const std::string_view address = without_display_name(trimmed(text));
  const auto at = address.rfind('@');
  if (at == std::string_view::npos)
    return because("An email address must have an @-sign.");
  const std::string_view local = address.substr(0, at);
  const std::string domain{address.substr(at + 1)};
  if (auto good = check_local_part(local); !good)
    return tl::unexpected{good.error()};
  if (domain.empty())
    return because("There must be something after the @-sign.");
  if (domain.front() == '.' || domain.back() == '.')
    return because("An email address cannot have a period at the end or immediately after the @-sign.");
  if (domain.find('\0') != std::string::npos || domain.find("..") != std::string::npos)
    return because("The part after the @-sign contains invalid characters.");

  const auto ascii = to_ascii(domain);
  if (!ascii)
    return because("The part after the @-sign contains invalid characters.");
  if (auto good = check_ascii_domain(*ascii); !good)
    return tl::unexpected{good.error()};
  const auto shown = to_unicode(*ascii);
  if (!shown)
    return because("The part after the @-sign is not a valid internationalized domain.");
  std::string normalised = std::string{local} + '@' + *shown;
  if (code_points(normalised) > address_limit || code_points(local) + 1 + ascii->size() > address_limit)
    return because("The email address is too long.");
  return normalised;
}

std::string_view local_part(std::string_view address) { return address.substr(0, address.rfind('@')); }

} // namespace cued::security
