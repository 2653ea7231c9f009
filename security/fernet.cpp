#include "security/fernet.hpp"

#include <cstdio>
#include <cstdlib>
#include <memory>

#include <openssl/evp.h>

#include "security/base64url.hpp"
#include "security/digest.hpp"

namespace cued::security {
namespace {

constexpr char version = '\x80';
constexpr std::size_t key_bytes = 16, iv_bytes = 16, block_bytes = 16, mac_bytes = 32;
constexpr std::size_t head_bytes = 1 + 8 + iv_bytes; // version, time, initialisation vector

struct freed_by_openssl {
  void operator()(EVP_CIPHER_CTX* p) const { EVP_CIPHER_CTX_free(p); }
};

enum class direction { decrypt = 0, encrypt = 1 };

/// AES-128-CBC with PKCS#7. Nothing if the padding of what is decrypted is wrong.
std::optional<std::string> aes(direction d, const std::string& key, std::string_view iv, std::string_view input) {
  const std::unique_ptr<EVP_CIPHER_CTX, freed_by_openssl> context{EVP_CIPHER_CTX_new()};
  const auto bytes = [](const auto& text) { return reinterpret_cast<const unsigned char*>(text.data()); };
  std::string output(input.size() + block_bytes, '\0');
  auto* out = reinterpret_cast<unsigned char*>(output.data());
  int written = 0, rest = 0;
  if (!context ||
      EVP_CipherInit_ex(context.get(), EVP_aes_128_cbc(), nullptr, bytes(key), bytes(iv), static_cast<int>(d)) != 1 ||
      EVP_CipherUpdate(context.get(), out, &written, bytes(input), static_cast<int>(input.size())) != 1 ||
      EVP_CipherFinal_ex(context.get(), out + written, &rest) != 1)
    return std::nullopt;
  output.resize(static_cast<std::size_t>(written + rest));
  return output;
}

std::string big_endian(std::int64_t number) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8)
    bytes += static_cast<char>(static_cast<std::uint64_t>(number) >> shift);
  return bytes;
}

} // namespace

fernet::fernet(std::string_view session_secret) {
  const auto key = sha256(session_secret);
  signing_key_ = key.substr(0, key_bytes);
  encryption_key_ = key.substr(key_bytes);
}

std::string fernet::encrypt(std::string_view plain_text, std::int64_t unix_seconds, random_source& random) const {
  std::string iv(iv_bytes, '\0');
  random.fill({reinterpret_cast<unsigned char*>(iv.data()), iv.size()});
  const auto cipher_text = aes(direction::encrypt, encryption_key_, iv, plain_text);
  if (!cipher_text) {
    std::fputs("cued: OpenSSL cannot encrypt with AES-128-CBC\n", stderr);
    std::abort();
  }
  auto token = std::string(1, version) + big_endian(unix_seconds) + iv + *cipher_text;
  token += hmac_sha256(signing_key_, {token});
  return to_base64url(token, padding::required);
}

std::optional<std::string> fernet::decrypt(std::string_view token) const {
  const auto bytes = from_base64url(token, padding::required);
  if (!bytes || bytes->size() < head_bytes + block_bytes + mac_bytes || bytes->front() != version)
    return std::nullopt;
  const std::string_view signed_part(bytes->data(), bytes->size() - mac_bytes);
  const std::string_view mac(bytes->data() + signed_part.size(), mac_bytes);
  if (!equal_in_constant_time(hmac_sha256(signing_key_, {signed_part}), mac))
    return std::nullopt;
  const auto cipher_text = signed_part.substr(head_bytes);
  return aes(direction::decrypt, encryption_key_, signed_part.substr(head_bytes - iv_bytes, iv_bytes), cipher_text);
}

} // namespace cued::security
