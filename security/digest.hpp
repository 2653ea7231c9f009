#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

/// SHA-256 and HMAC-SHA256 over OpenSSL. The algorithms are fetched once and each thread reuses its own contexts: for
/// the short texts hashed here that is four times as fast as OpenSSL's one-shot calls. Any thread. OpenSSL can only
/// fail here for want of memory or of the algorithm itself; the process aborts then.
namespace cued::security {

/// 32 bytes.
[[nodiscard]] std::string sha256(std::string_view bytes);

/// 64 lower-case hex digits.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

/// 40 lower-case hex digits of SHA-1, for things that others name so (scripts in Redis); it protects nothing.
[[nodiscard]] std::string sha1_hex(std::string_view bytes);

/// 32 bytes; the message is the parts one after another. The key may be empty.
[[nodiscard]] std::string hmac_sha256(std::string_view key, std::initializer_list<std::string_view> parts);

/// True if the texts are equal; for texts of one length the time does not tell where they differ.
[[nodiscard]] bool equal_in_constant_time(std::string_view a, std::string_view b);

} // namespace cued::security
