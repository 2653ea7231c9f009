#include "http/server/certificate.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fstream>
#include <string_view>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace cued::http {

namespace ssl = boost::asio::ssl;

namespace {

/// For TLS 1.2; those of TLS 1.3 are all good.
constexpr const char* ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr std::string_view http_1_1{"\x08http/1.1"};

tl::unexpected<error> unusable(const std::string& file, const std::string& what) {
  return fail(500, "unusable_certificate", file + ": " + what);
}

/// OpenSSL's last reason in its own words; the queue of errors is empty afterwards.
std::string last_reason() {
  const auto code = ERR_peek_last_error();
  ERR_clear_error();
  const char* words = ERR_reason_error_string(code);
  return words ? words : "not understood";
}

/// A key that wants a password would make OpenSSL ask for it at the terminal.
int no_password(char*, int, int, void*) { return -1; }

/// A client that speaks none of ours is told so instead of being answered in a protocol it did not ask for.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                    unsigned int offered_size, void*) {
  unsigned char* found = nullptr;
  const auto outcome = SSL_select_next_proto(&found, size, reinterpret_cast<const unsigned char*>(http_1_1.data()),
                                             static_cast<unsigned>(http_1_1.size()), offered, offered_size);
  *chosen = found;
  return outcome == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

result<void> check_readable(const std::string& file) {
  errno = 0;
  const std::ifstream stream{file};
  if (!stream.is_open())
    return unusable(file, std::string{"cannot be read: "} + std::strerror(errno));
  return {};
}

std::chrono::sys_seconds instant_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1)
    return {};
  return std::chrono::sys_seconds{std::chrono::seconds{::timegm(&parts)}};
}

certificate_facts facts_of(X509* certificate) {
  std::array<char, 256> name{};
  X509_NAME_oneline(X509_get_subject_name(certificate), name.data(), static_cast<int>(name.size()));
  return {name.data(), instant_of(X509_get0_notBefore(certificate)), instant_of(X509_get0_notAfter(certificate))};
}

void set_rules(SSL_CTX* native) {
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(native, ciphers);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                  SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS); // idle connections keep no record buffers
  SSL_CTX_set_alpn_select_cb(native, choose_protocol, nullptr);
  SSL_CTX_set_default_passwd_cb(native, no_password);
}

} // namespace

result<std::shared_ptr<server_certificate>> load_certificate(const certificate_files& files) {
  for (const auto& file : {files.chain, files.key})
    if (auto readable = check_readable(file); !readable)
      return fail(std::move(readable.error()));
  auto made = std::make_shared<server_certificate>(server_certificate{ssl::context{ssl::context::tls_server}, {}});
  SSL_CTX* const native = made->context.native_handle();
  set_rules(native);
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(native, files.chain.c_str()) != 1)
    return unusable(files.chain, "is not a chain of PEM certificates (" + last_reason() + ")");
  if (SSL_CTX_use_PrivateKey_file(native, files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    const bool mismatch = ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH ||
                          ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_TYPE_MISMATCH;
    const auto reason = last_reason();
    return mismatch ? unusable(files.key, "is not the key of the certificate in " + files.chain)
                    : unusable(files.key, "is not a PEM private key without password (" + reason + ")");
  }
  if (SSL_CTX_check_private_key(native) != 1) {
    ERR_clear_error();
    return unusable(files.key, "is not the key of the certificate in " + files.chain);
  }
  made->facts = facts_of(SSL_CTX_get0_certificate(native));
  return made;
}

} // namespace cued::http
