#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// What is kept of the body of an answer to a webhook: a short, clean text for people. Pure functions, any thread.
/// Nothing here fails: a body is shown, never acted on, so what cannot be decoded is left out.
/// Source: spec/delivery.md §5.5, spec/security.md §1.6.
namespace cued::http::client {

inline constexpr std::size_t body_limit_bytes = 8 * 1024; ///< read from the wire, and again after decompression
inline constexpr std::size_t kept_characters = 2000;

/// Undoes `gzip`, `x-gzip` and `deflate` (with or without its zlib frame); other encodings are returned as they are.
/// Stops at `body_limit_bytes` of output, however small the input was; keeps what came before damage.
[[nodiscard]] std::string decompress(std::string_view body, std::string_view content_encoding);

/// The `charset` parameter of a media type, without quotes; empty when there is none.
[[nodiscard]] std::string_view charset_of(std::string_view content_type);

/// The first `kept_characters` characters as valid UTF-8: undecodable bytes become U+FFFD, U+0000 is dropped.
/// An unknown charset is read as UTF-8.
[[nodiscard]] std::string readable_text(std::string_view body, std::string_view charset);

} // namespace cued::http::client
