#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <boost/asio/ssl/context.hpp>

#include "domain/error.hpp"

namespace cued::http {

/// Where the server's certificate lies, as PEM: its chain, leaf first, and its private key, which must not want a
/// password. Both empty: no TLS.
struct certificate_files {
  std::string chain;
  std::string key;

  [[nodiscard]] bool named() const { return !chain.empty(); }
};

/// What people want to know of a certificate.
struct certificate_facts {
  std::string subject;
  std::chrono::sys_seconds not_before;
  std::chrono::sys_seconds not_after;
};

/// A certificate and the rules by which it is used: TLS 1.2 and later, ciphers with forward secrecy and authenticated
/// encryption only, HTTP/1.1 by ALPN, no renegotiation (RFC 9325 §3.1, §4.2; RFC 7301).
struct server_certificate {
  boost::asio::ssl::context context;
  certificate_facts facts;
};

/// Reads and checks the files; the error names the file and says what is wrong with it. Thread-safe. Never asks anybody
/// for a password.
[[nodiscard]] result<std::shared_ptr<server_certificate>> load_certificate(const certificate_files& files);

} // namespace cued::http
