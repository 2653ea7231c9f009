#pragma once

#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>

#include <boost/asio/ssl/context.hpp>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace cued::test {

/// A certificate authority made for one test, and certificates signed by it. Its own certificate lies in `file()` for
/// whoever shall trust it.
class certificate_authority {
public:
  certificate_authority()
      : key_{new_key()}, own_{new_certificate(key_.get(), "cued test authority", nullptr, key_.get(), "")} {
    std::string name = (std::filesystem::temp_directory_path() / "cued-ca-XXXXXX").string();
    const int descriptor = ::mkstemp(name.data());
    if (descriptor < 0)
      throw std::runtime_error("cannot make a file for the authority's certificate");
    ::close(descriptor);
    file_ = name;
    std::ofstream{file_} << pem_of(own_.get());
  }
  ~certificate_authority() {
    std::error_code ignored;
    std::filesystem::remove(file_, ignored);
  }
  certificate_authority(const certificate_authority&) = delete;
  certificate_authority& operator=(const certificate_authority&) = delete;

  [[nodiscard]] const std::string& file() const { return file_; }

  /// What a server called `alternative_name` (`DNS:a.example`, `IP:127.0.0.1`) uses.
  [[nodiscard]] boost::asio::ssl::context server_context(const std::string& alternative_name) const {
    const auto key = new_key();
    const auto certificate = new_certificate(key.get(), "server", own_.get(), key_.get(), alternative_name);
    boost::asio::ssl::context tls{boost::asio::ssl::context::tls_server};
    if (SSL_CTX_use_certificate(tls.native_handle(), certificate.get()) != 1 ||
        SSL_CTX_use_PrivateKey(tls.native_handle(), key.get()) != 1)
      throw std::runtime_error("the test's certificate is not usable");
    return tls;
  }

  /// The same as PEM files in `folder`: `NAME.crt` and `NAME.key`.
  void write_server_files(const std::filesystem::path& folder, const std::string& name,
                          const std::string& alternative_name) const {
    const auto key = new_key();
    const auto certificate = new_certificate(key.get(), name.c_str(), own_.get(), key_.get(), alternative_name);
    std::ofstream{folder / (name + ".crt")} << pem_of(certificate.get());
    std::ofstream{folder / (name + ".key")} << pem_of(key.get());
  }

private:
  using key_pointer = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
  using certificate_pointer = std::unique_ptr<X509, decltype(&X509_free)>;

  static key_pointer new_key() { return {EVP_EC_gen("P-256"), EVP_PKEY_free}; }

  static void extend(X509* certificate, X509* issuer, int extension, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* made = X509V3_EXT_conf_nid(nullptr, &context, extension, value.c_str());
    if (!made)
      throw std::runtime_error("bad certificate extension: " + value);
    X509_add_ext(certificate, made, -1);
    X509_EXTENSION_free(made);
  }

  static certificate_pointer new_certificate(EVP_PKEY* key, const char* common_name, X509* issuer, EVP_PKEY* signer,
                                             const std::string& alternative_name) {
    certificate_pointer made{X509_new(), X509_free};
    X509_set_version(made.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), issuer ? 2 : 1);
    constexpr long hour = 3600;
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -hour);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), hour);
    X509_set_pubkey(made.get(), key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(common_name), -1, -1, 0);
    X509_set_issuer_name(made.get(), X509_get_subject_name(issuer ? issuer : made.get()));
    if (issuer)
      extend(made.get(), issuer, NID_subject_alt_name, alternative_name);
    else
      extend(made.get(), made.get(), NID_basic_constraints, "critical,CA:TRUE");
    X509_sign(made.get(), signer, EVP_sha256());
    return made;
  }

  static std::string pem_of(X509* certificate) {
    return pem_by([&](BIO* memory) { PEM_write_bio_X509(memory, certificate); });
  }
  static std::string pem_of(EVP_PKEY* key) {
    return pem_by([&](BIO* memory) { PEM_write_bio_PrivateKey(memory, key, nullptr, nullptr, 0, nullptr, nullptr); });
  }

  template <class Writer>
  static std::string pem_by(Writer write) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> memory{BIO_new(BIO_s_mem()), BIO_free};
    write(memory.get());
    char* text = nullptr;
    const long size = BIO_get_mem_data(memory.get(), &text);
    return {text, static_cast<std::size_t>(size)};
  }

  key_pointer key_;
  certificate_pointer own_;
  std::string file_;
};

/// Writes to `kept` the name that a client of this server says it wants (SNI); `kept` must outlive the handshakes.
inline void keep_server_name(boost::asio::ssl::context& tls, std::string& kept) {
  SSL_CTX_set_tlsext_servername_arg(tls.native_handle(), &kept);
  SSL_CTX_set_tlsext_servername_callback(
      tls.native_handle(), +[](SSL* ssl, int*, void* into) {
        if (const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name))
          *static_cast<std::string*>(into) = name;
        return SSL_TLSEXT_ERR_OK;
      });
}

} // namespace cued::test
