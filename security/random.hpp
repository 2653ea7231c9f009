#pragma once

#include <cstddef>
#include <span>
#include <string>

/// Everything that must not be guessed: ids, keys, tokens, secrets. The bytes come from a random_source, so that
/// tests can fix them; the forms are those of spec/http.md §11. Pure but for the source; any thread.
namespace cued::security {

class random_source {
public:
  virtual ~random_source() = default;
  virtual void fill(std::span<unsigned char> bytes) = 0;
};

/// The cryptographic generator of OpenSSL. Any thread. Aborts the process if it cannot be seeded: there is no way on
/// without randomness.
class system_random final : public random_source {
public:
  void fill(std::span<unsigned char> bytes) override;
};

/// Two lower-case hex digits for each of `byte_count` random bytes.
[[nodiscard]] std::string random_hex(random_source& random, std::size_t byte_count);

/// UUID version 4, lower case, hyphenated (RFC 4122 §4.4).
[[nodiscard]] std::string new_uuid(random_source& random);

[[nodiscard]] std::string new_cue_id(random_source& random);     ///< `cue_` and 12 of [a-z0-9]
[[nodiscard]] std::string new_agent_id(random_source& random);   ///< `agt_` and 12 of [a-z0-9]
[[nodiscard]] std::string new_message_id(random_source& random); ///< `msg_` and 12 of [a-z0-9]

[[nodiscard]] std::string new_api_key(random_source& random);        ///< `cue_sk_` and 32 hex digits
[[nodiscard]] std::string new_webhook_secret(random_source& random); ///< `whsec_` and 64 hex digits

/// 64 hex digits: alert webhook secrets, magic links, one-time session tokens.
[[nodiscard]] std::string new_token(random_source& random);

} // namespace cued::security
