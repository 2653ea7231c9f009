#include "security/standard_webhooks.hpp"

#include <algorithm>

#include "security/base64url.hpp"
#include "security/digest.hpp"

namespace cued::security {
namespace {

constexpr std::string_view prefix = "whsec_";

/// From the alphabet of RFC 4648 §4 to that of §5.
std::string in_url_alphabet(std::string_view text) {
  std::string out{text};
  std::ranges::replace(out, '+', '-');
  std::ranges::replace(out, '/', '_');
  return out;
}

std::string to_base64(std::string_view bytes) {
  auto out = to_base64url(bytes, padding::required);
  std::ranges::replace(out, '-', '+');
  std::ranges::replace(out, '_', '/');
  return out;
}

/// Libraries take keys with and without padding.
std::optional<std::string> key_of(std::string_view secret) {
  if (secret.starts_with(prefix))
    secret.remove_prefix(prefix.size());
  if (secret.empty())
    return std::nullopt;
  return from_base64url(in_url_alphabet(secret), secret.ends_with('=') ? padding::required : padding::none);
}

} // namespace

std::optional<std::string> standard_signature(std::string_view secret, std::string_view message_id,
                                              std::string_view timestamp, std::string_view body) {
  const auto key = key_of(secret);
  if (!key)
    return std::nullopt;
  return "v1," + to_base64(hmac_sha256(*key, {message_id, ".", timestamp, ".", body}));
}

} // namespace cued::security
