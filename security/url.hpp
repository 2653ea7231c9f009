#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "domain/error.hpp"

/// URLs, read one way only: the text that is judged, stored and shown and the host that is connected to come from the
/// same parse, so that no two readers can be played off against each other. The rules are those of the WHATWG URL
/// standard for http and https, which the reference uses as well. Pure; no look-ups; any thread.
/// Source: spec/security.md §1.2, spec/cues.md §3.4.
namespace cued::security {

struct url {
  std::string scheme;   ///< `http` or `https`
  std::string username; ///< percent-encoded; empty if there is none
  std::string password;
  std::string host; ///< lower-case ASCII name, dotted IPv4, or IPv6 without brackets; a final dot of a name is kept
  std::uint16_t port = 0; ///< 80 or 443 unless the text names one
  std::string target;     ///< path and query as sent in a request: `/a?b`; never empty
  std::string text;       ///< the normal form of the whole, fragment included

  /// Host, and port unless it is the scheme's own, as in the header `Host`.
  [[nodiscard]] std::string authority() const;

  bool operator==(const url&) const = default;
};

enum class url_fault {
  empty,
  no_scheme,
  other_scheme, ///< neither http nor https
  empty_host,
  bad_name, ///< not a domain name, also after decoding and IDNA
  bad_ipv4, ///< ends in a number but is no IPv4 address
  bad_ipv6,
  bad_port,
  too_long,
  ambiguous, ///< strict only: characters or slashes that other readers may take differently
};

/// The text with every `%XX` replaced by its byte.
[[nodiscard]] std::string percent_decoded(std::string_view text);

/// What is said behind `Input should be a valid URL, `; other_scheme and too_long have texts of their own.
[[nodiscard]] std::string_view reason(url_fault fault);

/// Reads as browsers do: blanks around are cut, tabs and line breaks inside dropped, `\` is `/`, missing slashes are
/// made up for, hosts are decoded and folded, IPv4 may be written in any notation.
[[nodiscard]] tl::expected<url, url_fault> parse_url(std::string_view text);

/// The same for text that is stored as it was sent: `http(s)://`, then a host; no blanks or control characters, no `\`
/// before the query. What parse_url calls a normal form passes.
[[nodiscard]] tl::expected<url, url_fault> parse_url_strictly(std::string_view text);

inline constexpr std::size_t url_bytes_max = 2083;

/// For fields that hold a URL (cue `callback.url`, `result_url`): parse_url and the limit on what was sent.
/// 422 `validation_error`, the message being the text of the field's problem (spec/http.md §3.2).
[[nodiscard]] result<url> normalise_url(std::string_view text);

} // namespace cued::security
