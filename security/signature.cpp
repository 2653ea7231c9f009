#include "security/signature.hpp"

#include <charconv>

#include "security/digest.hpp"
#include "security/hex.hpp"

namespace cued::security {
namespace {

constexpr std::int64_t tolerance_seconds = 300;

std::string value_of(std::string_view secret, std::string_view timestamp, std::string_view body) {
  return "v1=" + to_hex(hmac_sha256(secret, {timestamp, ".", body}));
}

} // namespace

signature sign(std::string_view secret, std::int64_t unix_seconds, std::string_view body) {
  auto timestamp = std::to_string(unix_seconds);
  auto value = value_of(secret, timestamp, body);
  return {std::move(timestamp), std::move(value)};
}

bool verify(std::string_view secret, std::string_view timestamp, std::string_view value, std::string_view body,
            std::int64_t now_unix_seconds) {
  std::int64_t signed_at = 0;
  const auto* end = timestamp.data() + timestamp.size();
  const auto read = std::from_chars(timestamp.data(), end, signed_at);
  if (read.ec != std::errc() || read.ptr != end)
    return false;
  if (signed_at < now_unix_seconds - tolerance_seconds || signed_at > now_unix_seconds + tolerance_seconds)
    return false;
  return equal_in_constant_time(value_of(secret, timestamp, body), value);
}

} // namespace cued::security
