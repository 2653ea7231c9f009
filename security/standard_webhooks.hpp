#pragma once

#include <optional>
#include <string>
#include <string_view>

/// The second published form in which we sign: Standard Webhooks 1.0, for receivers that use one of its libraries.
/// HMAC-SHA256 over message id, full stop, Unix time in decimal, full stop and the body as sent; in base64 behind
/// `v1,`. Key: what the secret's text means as base64, without `whsec_` if it begins so. The 64 hex digits of our
/// secrets are such a text (48 bytes), so libraries take the secret as it is shown. Pure functions, any thread. Source:
/// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
namespace cued::security {

/// `v1,` and 44 characters. Nothing if the secret is empty or not base64, as no secret of ours is: only somebody who
/// writes into the database can bring one about, and no library could verify it.
[[nodiscard]] std::optional<std::string> standard_signature(std::string_view secret, std::string_view message_id,
                                                            std::string_view timestamp, std::string_view body);

} // namespace cued::security
