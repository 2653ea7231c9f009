#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "domain/json/value.hpp"
#include "domain/timestamp.hpp"

/// One value at a time: what a JSON value or a query text means when a text, a number, ... is wanted. Pure functions;
/// the error is the text of the problem. Sources: spec/cues.md §0 (coercions), spec/http.md §3.2 (texts).
namespace cued::http {

template <class T>
using coerced = tl::expected<T, std::string>;

/// Integers of any size are integers; those that no column can hold fail the range check of whoever asked.
struct wide_integer {
  std::int64_t value = 0;
  bool beyond_int64 = false; ///< `value` is then the nearest that fits
};

[[nodiscard]] coerced<std::string> to_text(const json::value& v); ///< refuses U+0000 and lone surrogates
[[nodiscard]] coerced<std::string> to_text(std::string_view text);

[[nodiscard]] coerced<wide_integer> to_integer(const json::value& v);
[[nodiscard]] coerced<wide_integer> to_integer(std::string_view text);

[[nodiscard]] coerced<bool> to_boolean(const json::value& v);
[[nodiscard]] coerced<bool> to_boolean(std::string_view text);

[[nodiscard]] coerced<timestamp> to_time(const json::value& v);

/// Any of the four spellings (32 hex, hyphenated, braced, `urn:uuid:`), any case; gives the hyphenated lower-case one.
[[nodiscard]] coerced<std::string> to_uuid(std::string_view text);
[[nodiscard]] coerced<std::string> to_uuid(const json::value& v);

/// Code points in valid UTF-8.
[[nodiscard]] std::size_t length_in_code_points(std::string_view text);

inline constexpr std::string_view lone_surrogate_refused =
    "Input should be a valid string, unable to parse raw data as a unicode string";
inline constexpr std::string_view null_character_refused = "Input should not contain the character U+0000";

} // namespace cued::http
