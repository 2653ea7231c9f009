#pragma once

#include <optional>
#include <string>
#include <string_view>

/// base64url (RFC 4648 §5). Pure functions, any thread.
namespace cued::security {

enum class padding { none, required };

[[nodiscard]] std::string to_base64url(std::string_view bytes, padding p);

/// Nothing unless `text` is the one encoding of some bytes: right alphabet, right padding, unused bits zero.
[[nodiscard]] std::optional<std::string> from_base64url(std::string_view text, padding p);

} // namespace cued::security
