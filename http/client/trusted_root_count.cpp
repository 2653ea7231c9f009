#include "http/client/trusted_root_count.hpp"

#include <cstdlib>
#include <filesystem>
#include <string>

#include <openssl/x509.h>

namespace cued::http::client {
namespace {

/// OpenSSL names the certificates of a directory after the hash of their subject: `4a6481c9.0`.
std::size_t certificates_in(const std::string& directory) {
  constexpr std::size_t longest_suffix = 3;
  std::size_t count = 0;
  std::error_code unreadable;
  for (const auto& entry : std::filesystem::directory_iterator{directory, unreadable}) {
    const auto suffix = entry.path().extension().string();
    if (suffix.size() > 1 && suffix.size() <= longest_suffix &&
        suffix.find_first_not_of("0123456789", 1) == std::string::npos)
      ++count;
  }
  return count;
}

std::string default_directory() {
  const char* const named = std::getenv(X509_get_default_cert_dir_env());
  return named != nullptr ? named : X509_get_default_cert_dir();
}

} // namespace

result<std::size_t> trusted_root_count(const trusted_roots& roots) {
  auto tls = make_tls_context(roots);
  if (!tls)
    return fail(tls.error());
  const auto in_file = sk_X509_OBJECT_num(X509_STORE_get0_objects(SSL_CTX_get_cert_store(tls->native_handle())));
  return in_file > 0 ? static_cast<std::size_t>(in_file)
                     : certificates_in(roots.directory.empty() ? default_directory() : roots.directory);
}

} // namespace cued::http::client
