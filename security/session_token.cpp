#include "security/session_token.hpp"

#include <charconv>
#include <cmath>
#include <optional>

#include "domain/identifiers.hpp"
#include "domain/json/value.hpp"
#include "security/base64url.hpp"
#include "security/digest.hpp"

namespace cued::security {
namespace {

constexpr std::string_view header_text = R"({"alg":"HS256","typ":"JWT"})";
constexpr std::size_t depth_limit = 16;

tl::unexpected<error> invalid() { return fail(401, "invalid_session", "Invalid session token"); }

std::int64_t unix_seconds(instant at) {
  return std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
}

/// The three parts of a compact JWS, still encoded.
struct token_parts {
  std::string_view header, payload, signature;
  std::string_view signed_text; ///< header, full stop, payload
};

std::optional<token_parts> split(std::string_view token) {
  const auto first = token.find('.');
  if (first == std::string_view::npos)
    return std::nullopt;
  const auto second = token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos)
    return std::nullopt;
  return token_parts{token.substr(0, first), token.substr(first + 1, second - first - 1), token.substr(second + 1),
                     token.substr(0, second)};
}

std::optional<json::value> decoded_object(std::string_view part) {
  const auto text = from_base64url(part, padding::none);
  if (!text)
    return std::nullopt;
  auto parsed = json::parse(*text, depth_limit);
  if (!parsed || parsed->kind() != json::kind::object)
    return std::nullopt;
  return std::move(*parsed);
}

bool is_text(const json::value* v, std::string_view text) {
  return v && v->kind() == json::kind::string && v->as_string() == text;
}

bool names_our_algorithm(const json::value& header) {
  return is_text(header.find("alg"), "HS256") && !header.find("crit");
}

/// A time claim in whole seconds: a number, cut to an integer, or the same as text of digits.
std::optional<double> seconds_of(const json::value& claim) {
  const bool number = claim.kind() == json::kind::number;
  if (!number && claim.kind() != json::kind::string)
    return std::nullopt;
  std::string_view text = number ? std::string_view(claim.number_text()) : std::string_view(claim.as_string());
  if (!number && text.find_first_not_of("0123456789") != std::string_view::npos)
    return std::nullopt;
  double seconds = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || !std::isfinite(seconds))
    return std::nullopt;
  return std::trunc(seconds);
}

/// An optional claim that must not lie in the future.
bool has_come(const json::value* claim, std::int64_t now) {
  if (!claim)
    return true;
  const auto seconds = seconds_of(*claim);
  return seconds && *seconds <= static_cast<double>(now);
}

result<std::string> subject_of(const json::value& claims, std::int64_t now) {
  if (!has_come(claims.find("iat"), now) || !has_come(claims.find("nbf"), now))
    return invalid();
  const auto* expiry = claims.find("exp");
  const auto expires_at = expiry ? seconds_of(*expiry) : std::nullopt;
  if (!expires_at)
    return invalid();
  if (*expires_at <= static_cast<double>(now))
    return fail(401, "session_expired", "Session has expired");

  const auto* token_id = claims.find("jti");
  if (claims.find("aud") || (token_id && token_id->kind() != json::kind::string))
    return invalid();
  const auto* subject = claims.find("sub");
  if (!is_text(claims.find("type"), "session") || !subject || subject->kind() != json::kind::string)
    return invalid();
  auto user_id = canonical_uuid(subject->as_string());
  if (!user_id)
    return invalid();
  return std::move(*user_id);
}

} // namespace

result<std::string> session_tokens::make(std::string_view user_id, std::string_view email, instant now) const {
  if (secret_.empty())
    return fail(503, "session_unavailable", "Sessions are not configured on this server");
  const auto issued_at = unix_seconds(now);
  json::writer claims;
  claims.begin_object().key("sub").string(user_id).key("email").string(email).key("type").string("session");
  claims.key("iat").number(issued_at);
  claims.key("exp").number(issued_at + std::chrono::seconds(lifetime).count()).end_object();
  auto token = to_base64url(header_text, padding::none) + '.' + to_base64url(claims.view(), padding::none);
  const auto signature = hmac_sha256(secret_, {token});
  return token + '.' + to_base64url(signature, padding::none);
}

result<std::string> session_tokens::check(std::string_view token, instant now) const {
  const auto parts = split(token);
  if (secret_.empty() || !parts)
    return invalid();
  const auto header = decoded_object(parts->header);
  if (!header || !names_our_algorithm(*header))
    return invalid();
  const auto signature = from_base64url(parts->signature, padding::none);
  if (!signature || !equal_in_constant_time(*signature, hmac_sha256(secret_, {parts->signed_text})))
    return invalid();
  const auto claims = decoded_object(parts->payload);
  return claims ? subject_of(*claims, unix_seconds(now)) : invalid();
}

} // namespace cued::security
