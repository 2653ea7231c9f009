#pragma once

#include <string>
#include <string_view>

/// What is kept of an API key. Source: spec/auth.md §1.2.
namespace cued::security {

/// Tokens that begin so are looked up as API keys, whatever follows.
inline constexpr std::string_view api_key_prefix = "cue_sk_";

/// `users.api_key_hash`: lower-case hex SHA-256, unsalted (128 random bits need none).
[[nodiscard]] std::string api_key_hash(std::string_view key);

/// `users.api_key_prefix`: the first 12 characters, for display.
[[nodiscard]] std::string api_key_display(std::string_view key);

} // namespace cued::security
