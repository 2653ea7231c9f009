#include "security/base64url.hpp"

#include <cstdint>

namespace cued::security {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::optional<std::string> decoded(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  std::uint32_t pending = 0;
  int pending_bits = 0;
  for (const char c : text) {
    const auto value = alphabet.find(c);
    if (value == std::string_view::npos)
      return std::nullopt;
    pending = pending << 6 | static_cast<std::uint32_t>(value);
    pending_bits += 6;
    if (pending_bits >= 8) {
      pending_bits -= 8;
      bytes += static_cast<char>(pending >> pending_bits);
      pending &= (1u << pending_bits) - 1;
    }
  }
  if (pending_bits == 6 || pending != 0)
    return std::nullopt;
  return bytes;
}

} // namespace

std::string to_base64url(std::string_view bytes, padding p) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  std::uint32_t pending = 0;
  int pending_bits = 0;
  for (const char c : bytes) {
    pending = (pending << 8 | static_cast<unsigned char>(c)) & 0xFFFF;
    pending_bits += 8;
    while (pending_bits >= 6) {
      pending_bits -= 6;
      text += alphabet[pending >> pending_bits & 0x3F];
    }
  }
  if (pending_bits > 0)
    text += alphabet[pending << (6 - pending_bits) & 0x3F];
  if (p == padding::required)
    text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

std::optional<std::string> from_base64url(std::string_view text, padding p) {
  if (p == padding::required) {
    if (text.size() % 4 != 0)
      return std::nullopt;
    for (int i = 0; i < 2 && text.ends_with('='); ++i)
      text.remove_suffix(1);
  }
  return decoded(text);
}

} // namespace cued::security
