#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "security/random.hpp"

namespace cued::security {

/// Encryption of what must be shown again (API keys) or outlive a crash (keys of device logins), as the reference does
/// it: Fernet with a key derived from SESSION_SECRET. Immutable; any thread. Never: looks at the age of a token.
/// Source: spec/auth.md §1.5.
class fernet {
public:
  /// `session_secret` must not be empty: without a secret nothing is encrypted, and columns stay NULL.
  explicit fernet(std::string_view session_secret);

  /// base64url with padding; begins with `gAAAA`.
  [[nodiscard]] std::string encrypt(std::string_view plain_text, std::int64_t unix_seconds,
                                    random_source& random) const;

  /// Nothing if the text is no token, was altered, or was made with another secret.
  [[nodiscard]] std::optional<std::string> decrypt(std::string_view token) const;

private:
  std::string signing_key_;    ///< 16 bytes
  std::string encryption_key_; ///< 16 bytes
};

} // namespace cued::security
