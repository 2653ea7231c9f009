#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cued {

/// The lower-case hyphenated form of a UUID in any of the spellings clients may send: hyphenated, 32 hex digits,
/// `{hyphenated}`, `urn:uuid:hyphenated`, letters of either case. Nothing where it is none. Source: spec/http.md §3.2.
[[nodiscard]] std::optional<std::string> canonical_uuid(std::string_view text);

} // namespace cued
