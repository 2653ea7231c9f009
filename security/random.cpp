#include "security/random.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <openssl/rand.h>

#include "security/hex.hpp"

namespace cued::security {
namespace {

constexpr std::size_t id_letter_count = 12;
constexpr std::size_t api_key_bytes = 16;
constexpr std::size_t secret_bytes = 32;

/// `prefix` and letters of [a-z0-9], each as likely as any other.
std::string new_id(random_source& random, std::string_view prefix) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789";
  constexpr unsigned fair_limit = 256 / letters.size() * letters.size(); // bytes from here on would favour some letters
  const auto length = prefix.size() + id_letter_count;
  std::string id(prefix);
  id.reserve(length);
  while (id.size() < length) {
    std::array<unsigned char, id_letter_count> bytes;
    random.fill(bytes);
    for (const unsigned byte : bytes)
      if (byte < fair_limit && id.size() < length)
        id += letters[byte % letters.size()];
  }
  return id;
}

} // namespace

void system_random::fill(std::span<unsigned char> bytes) {
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1)
    return;
  std::fputs("cued: no random bytes to be had from OpenSSL\n", stderr);
  std::abort();
}

std::string random_hex(random_source& random, std::size_t byte_count) {
  std::string bytes(byte_count, '\0');
  random.fill({reinterpret_cast<unsigned char*>(bytes.data()), bytes.size()});
  return to_hex(bytes);
}

std::string new_uuid(random_source& random) {
  std::string bytes(16, '\0');
  random.fill({reinterpret_cast<unsigned char*>(bytes.data()), bytes.size()});
  bytes[6] = static_cast<char>((bytes[6] & 0x0F) | 0x40); // version 4
  bytes[8] = static_cast<char>((bytes[8] & 0x3F) | 0x80); // variant of RFC 4122
  auto text = to_hex(bytes);
  for (const std::size_t at : {20, 16, 12, 8})
    text.insert(at, 1, '-');
  return text;
}

std::string new_cue_id(random_source& random) { return new_id(random, "cue_"); }
std::string new_agent_id(random_source& random) { return new_id(random, "agt_"); }
std::string new_message_id(random_source& random) { return new_id(random, "msg_"); }

std::string new_api_key(random_source& random) { return "cue_sk_" + random_hex(random, api_key_bytes); }
std::string new_webhook_secret(random_source& random) { return "whsec_" + new_token(random); }
std::string new_token(random_source& random) { return random_hex(random, secret_bytes); }

} // namespace cued::security
