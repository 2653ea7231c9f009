#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cued::security {

/// The text with every secret in it masked: API keys, webhook secrets, session tokens, encrypted keys, and whatever
/// follows `Bearer`. What tells the kind of secret is kept (`cue_sk_***`). For all that is logged and came from outside
/// or from a library. Pure; any thread. Source: spec/security.md §3.
[[nodiscard]] std::string redacted(std::string_view text);

/// The same, and none of `known` remains either: secrets that look like nothing in particular.
[[nodiscard]] std::string redacted(std::string_view text, const std::vector<std::string>& known);

} // namespace cued::security
