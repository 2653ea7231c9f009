#pragma once

#include <string>
#include <string_view>

#include "domain/error.hpp"
#include "domain/instant.hpp"

namespace cued::security {

/// Session tokens: JWTs signed with HS256 and SESSION_SECRET (RFC 7515, RFC 7519). Immutable; any thread.
/// There is no revocation before expiry but a change of the secret. Source: spec/auth.md §1.3, §1.4.
class session_tokens {
public:
  static constexpr auto lifetime = std::chrono::hours(24);

  /// With an empty secret no token is made and none is good.
  explicit session_tokens(std::string secret) : secret_(std::move(secret)) {}

  /// 503 `session_unavailable` without a secret.
  [[nodiscard]] result<std::string> make(std::string_view user_id, std::string_view email, instant now) const;

  /// The user's id, as a canonical uuid, if the token is good at `now`. 401 `session_expired` or `invalid_session`.
  /// Stricter than the reference in two points: `exp` must be there, and `sub` must be a uuid.
  [[nodiscard]] result<std::string> check(std::string_view token, instant now) const;

private:
  std::string secret_;
};

} // namespace cued::security
