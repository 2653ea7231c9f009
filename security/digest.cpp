#include "security/digest.hpp"

#include <cstdio>
#include <cstdlib>
#include <memory>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "security/hex.hpp"

namespace cued::security {
namespace {

constexpr std::size_t digest_bytes = 32;

struct freed_by_openssl {
  void operator()(EVP_MD* p) const { EVP_MD_free(p); }
  void operator()(EVP_MD_CTX* p) const { EVP_MD_CTX_free(p); }
  void operator()(EVP_MAC* p) const { EVP_MAC_free(p); }
  void operator()(EVP_MAC_CTX* p) const { EVP_MAC_CTX_free(p); }
};
template <class T>
using owned = std::unique_ptr<T, freed_by_openssl>;

void require(bool done) {
  if (done)
    return;
  std::fputs("cued: OpenSSL cannot compute SHA-256\n", stderr);
  std::abort();
}

unsigned char* writable(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
const unsigned char* readable(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

EVP_MD* sha256_algorithm() {
  static const owned<EVP_MD> algorithm{EVP_MD_fetch(nullptr, "SHA256", nullptr)};
  require(algorithm != nullptr);
  return algorithm.get();
}

EVP_MAC* hmac_algorithm() {
  static const owned<EVP_MAC> algorithm{EVP_MAC_fetch(nullptr, "HMAC", nullptr)};
  require(algorithm != nullptr);
  return algorithm.get();
}

/// A context that knows its digest already, so that each use only has to bring its key.
owned<EVP_MAC_CTX> new_hmac_context() {
  owned<EVP_MAC_CTX> context{EVP_MAC_CTX_new(hmac_algorithm())};
  char digest_name[] = "SHA256";
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest_name, 0),
                                   OSSL_PARAM_construct_end()};
  require(context && EVP_MAC_CTX_set_params(context.get(), parameters) == 1);
  return context;
}

} // namespace

std::string sha256(std::string_view bytes) {
  thread_local const owned<EVP_MD_CTX> context{EVP_MD_CTX_new()};
  std::string digest(digest_bytes, '\0');
  require(context && EVP_DigestInit_ex2(context.get(), sha256_algorithm(), nullptr) == 1 &&
          EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) == 1 &&
          EVP_DigestFinal_ex(context.get(), writable(digest), nullptr) == 1);
  return digest;
}

std::string sha256_hex(std::string_view bytes) { return to_hex(sha256(bytes)); }

std::string sha1_hex(std::string_view bytes) {
  constexpr std::size_t sha1_bytes = 20;
  std::string digest(sha1_bytes, '\0');
  require(EVP_Digest(bytes.data(), bytes.size(), writable(digest), nullptr, EVP_sha1(), nullptr) == 1);
  return to_hex(digest);
}

std::string hmac_sha256(std::string_view key, std::initializer_list<std::string_view> parts) {
  thread_local const owned<EVP_MAC_CTX> context = new_hmac_context();
  // A null pointer would mean "the key of last time".
  const auto* key_bytes = readable(key.empty() ? std::string_view("") : key);
  require(EVP_MAC_init(context.get(), key_bytes, key.size(), nullptr) == 1);
  for (const auto part : parts)
    require(EVP_MAC_update(context.get(), readable(part), part.size()) == 1);
  std::string digest(digest_bytes, '\0');
  require(EVP_MAC_final(context.get(), writable(digest), nullptr, digest.size()) == 1);
  return digest;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

} // namespace cued::security
