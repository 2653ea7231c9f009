#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The headers by which receivers recognise us, on everything we send to users' receivers: the reference's two
/// (security/signature.hpp) and the three of Standard Webhooks (security/standard_webhooks.hpp). One instant, one body,
/// two forms; a receiver looks at the one it knows. Pure, any thread.
namespace cued::security {

/// While a rotation overlaps, two secrets sign: receivers may hold either.
struct signing_secrets {
  std::string_view current;       ///< may be empty: the reference signs with the empty key then
  std::string_view previous = {}; ///< empty: there is none
};

/// What is signed.
struct outgoing_message {
  std::string_view id; ///< the same at each attempt: receivers deduplicate by it
  std::int64_t unix_seconds = 0;
  std::string_view body;
};

/// X-CueAPI-Signature (current secret), X-CueAPI-Signature-Previous (only during an overlap), X-CueAPI-Timestamp;
/// webhook-id, webhook-timestamp and webhook-signature, the latter with one signature for each secret, the current
/// first. The three are left out if no secret can sign in that form.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> signature_headers(const signing_secrets& secrets,
                                                                                 const outgoing_message& message);

} // namespace cued::security
