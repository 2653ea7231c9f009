#include "security/redaction.hpp"

#include <algorithm>
#include <array>

namespace cued::security {
namespace {

constexpr std::string_view masked = "***";
constexpr std::size_t secret_characters_min = 8; // shorter than any secret: prose about `cue_sk_` stays readable

/// What secrets begin with: kept in the log, and followed by the secret itself.
constexpr std::array<std::string_view, 6> marks = {"cue_sk_", "whsec_", "Bearer ", "bearer ", "eyJ", "gAAAA"};

bool is_secret_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-_.~+/=").find(c) != std::string_view::npos;
}

std::size_t secret_length(std::string_view text) {
  return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_secret_character) - text.begin());
}

/// The mark that a secret at the beginning of `text` stands behind; empty if there is none.
std::string_view mark_of_secret(std::string_view text) {
  for (const auto mark : marks)
    if (text.starts_with(mark) && secret_length(text.substr(mark.size())) >= secret_characters_min)
      return mark;
  return {};
}

} // namespace

std::string redacted(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto mark = mark_of_secret(text);
    out += mark.empty() ? text.substr(0, 1) : mark;
    text.remove_prefix(std::max<std::size_t>(mark.size(), 1));
    if (!mark.empty()) {
      out += masked;
      text.remove_prefix(secret_length(text));
    }
  }
  return out;
}

std::string redacted(std::string_view text, const std::vector<std::string>& known) {
  std::string out{text};
  for (const auto& secret : known) {
    if (secret.size() < secret_characters_min)
      continue; // would tear ordinary words apart
    for (auto at = out.find(secret); at != std::string::npos; at = out.find(secret, at + masked.size()))
      out.replace(at, secret.size(), masked);
  }
  return redacted(out);
}

} // namespace cued::security
