#include "security/random.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <openssl/crypto.h>
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

void ask_openssl(std::span<unsigned char> bytes) {
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1)
    return;
  std::fputs("cued: no random bytes to be had from OpenSSL\n", stderr);
  std::abort();
}

/// OpenSSL makes a system call for each question, however small, and every request needs an id. What has been given is
/// wiped; the processes that cued starts become other programs, so none of them shares what is left.
class store {
public:
  void give(std::span<unsigned char> wanted) {
    if (wanted.size() > bytes_.size())
      return ask_openssl(wanted);
    if (wanted.size() > left_) {
      ask_openssl(bytes_);
      left_ = bytes_.size();
    }
    auto* const from = bytes_.data() + (left_ - wanted.size());
    std::copy_n(from, wanted.size(), wanted.begin());
    OPENSSL_cleanse(from, wanted.size());
    left_ -= wanted.size();
  }

private:
  std::array<unsigned char, 1024> bytes_{};
  std::size_t left_ = 0; ///< at the front
};

} // namespace

void system_random::fill(std::span<unsigned char> bytes) {
  thread_local store of_this_thread;
  of_this_thread.give(bytes);
}

std::string random_hex(random_source& random, std::size_t byte_count) {
  std::string bytes(byte_count, '\0');
  random.fill({reinterpret_cast<unsigned char*>(bytes.data()), bytes.size()});
  return to_hex(bytes);
}

std::string new_uuid(random_source& random) {
  constexpr std::string_view digits = "0123456789abcdef";
  constexpr std::size_t text_length = 36;
  std::array<unsigned char, 16> bytes{};
  random.fill(bytes);
  bytes[6] = (bytes[6] & 0x0F) | 0x40; // version 4
  bytes[8] = (bytes[8] & 0x3F) | 0x80; // variant of RFC 4122
  std::string text;
  text.reserve(text_length);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10)
      text += '-';
    text += digits[bytes[i] >> 4];
    text += digits[bytes[i] & 0xF];
  }
  return text;
}

std::string new_cue_id(random_source& random) { return new_id(random, "cue_"); }
std::string new_agent_id(random_source& random) { return new_id(random, "agt_"); }
std::string new_message_id(random_source& random) { return new_id(random, "msg_"); }

std::string new_api_key(random_source& random) { return "cue_sk_" + random_hex(random, api_key_bytes); }
std::string new_webhook_secret(random_source& random) { return "whsec_" + new_token(random); }
std::string new_token(random_source& random) { return random_hex(random, secret_bytes); }

} // namespace cued::security
