#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "domain/instant.hpp"

/// Moments as clients write and read them. Pure text work: no clock, no zone of the machine.
/// Source: spec/cues.md §0; texts of refusals: spec/http.md §3.2.
namespace cued {

/// A moment as a client wrote it.
struct timestamp {
  instant at;                                 ///< a text without an offset is read as UTC
  std::optional<std::chrono::minutes> offset; ///< what was written (0 for `Z` and for numbers); none: it was "naive"
};

/// What a JSON value that is neither string nor number is told.
inline constexpr std::string_view not_a_timestamp = "Input should be a valid datetime";

/// A JSON string or a query parameter: date, date and time, or a number in decimal. Error: the message of the problem.
[[nodiscard]] tl::expected<timestamp, std::string> parse_timestamp(std::string_view text);

/// A JSON number, by its text: Unix seconds, or milliseconds where its absolute value is over 2e10. Always UTC.
[[nodiscard]] tl::expected<timestamp, std::string> parse_timestamp_number(std::string_view number_text);

/// `2026-03-20T10:00:00Z`, with `.ffffff` unless the microseconds are 0: typed fields of responses.
[[nodiscard]] std::string format_z(instant at);

/// `2026-03-20T12:00:00+02:00`, fraction as above: hand-built texts, payloads of deliveries.
[[nodiscard]] std::string format_offset(instant at, std::chrono::minutes offset = std::chrono::minutes{0});

} // namespace cued
