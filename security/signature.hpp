#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// The signature of everything we send to users' receivers, version `v1`: HMAC-SHA256 over the Unix time in decimal,
/// a full stop and the body as sent. Key: the secret's whole text, `whsec_` included; it may be empty. A signature is
/// made anew for each attempt. Pure functions, any thread. Source: spec/security.md §2, spec/delivery.md §5.2.
namespace cued::security {

inline constexpr std::string_view timestamp_header = "X-CueAPI-Timestamp";
inline constexpr std::string_view signature_header = "X-CueAPI-Signature";
/// Ours alone: by the secret that was replaced and has not ended yet (security/signature_headers.hpp).
inline constexpr std::string_view previous_signature_header = "X-CueAPI-Signature-Previous";

/// Values of the two headers.
struct signature {
  std::string timestamp; ///< Unix seconds
  std::string value;     ///< `v1=` and 64 lower-case hex digits
};

[[nodiscard]] signature sign(std::string_view secret, std::int64_t unix_seconds, std::string_view body);

/// What a receiver does: true if the signature is right and at most 300 s old or early.
[[nodiscard]] bool verify(std::string_view secret, std::string_view timestamp, std::string_view value,
                          std::string_view body, std::int64_t now_unix_seconds);

} // namespace cued::security
