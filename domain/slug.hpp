#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cued {

/// Longest slug that the columns hold.
inline constexpr std::size_t slug_limit = 64;

/// Turns any text into a slug: lower case, every run of characters outside [a-z0-9] one hyphen, none at the ends, at
/// most 60 characters; `fallback` when nothing is left. Source: spec/auth.md §2.1 (users), spec/agents.md §3 (agents).
///   slug_from("A.B+c_d", "user") == "a-b-c-d"
[[nodiscard]] std::string slug_from(std::string_view text, std::string_view fallback);

/// A slug to try when the plain one is taken: cut so that `-` and `suffix` fit into the limit.
[[nodiscard]] std::string slug_variant(std::string_view slug, std::string_view suffix);

} // namespace cued
