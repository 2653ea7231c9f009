#pragma once

#include <string>

#include <boost/asio/ssl/context.hpp>

#include "domain/error.hpp"

namespace cued::http::client {

/// Whose signature on a receiver's certificate counts. Empty: OpenSSL's defaults, which are the system's roots unless
/// the environment names others. Members are the settings SSL_CERT_FILE and SSL_CERT_DIR.
struct trusted_roots {
  std::string file;
  std::string directory;
};

/// How we speak TLS to receivers: 1.2 or newer, their certificate checked against the roots. The name is checked per
/// connection, by the caller. Source: spec/security.md §1.6, spec/config.md §2.
/// 500 `unusable_roots` when `file` cannot be read.
[[nodiscard]] result<boost::asio::ssl::context> make_tls_context(const trusted_roots& roots = {});

} // namespace cued::http::client
