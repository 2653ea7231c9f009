#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Halves of UTF-16 pairs that JSON texts can name (`"\ud800"`) and UTF-8 cannot (RFC 8259 §8.2). Where they have to be
/// told from other faults, they are kept as the three bytes that UTF-8 would give them, until somebody refuses them.
/// Pure, any thread.
namespace cued::json {

inline constexpr std::uint32_t code_point_max = 0x10FFFF;

[[nodiscard]] constexpr bool is_high_surrogate(std::uint32_t unit) { return unit >= 0xD800 && unit <= 0xDBFF; }
[[nodiscard]] constexpr bool is_low_surrogate(std::uint32_t unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }
[[nodiscard]] constexpr std::uint32_t joined(std::uint32_t high, std::uint32_t low) {
  return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
}

/// Also of a surrogate.
void append_code_point(std::string& out, std::uint32_t point);

/// The text of a JSON string whose characters begin at `raw`, up to its closing quote, with lone surrogates kept.
/// Nothing if it is malformed in another way.
[[nodiscard]] std::optional<std::string> unescaped_with_surrogates(std::string_view raw);

} // namespace cued::json
