#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/ip/address.hpp>

#include "domain/error.hpp"
#include "http/server/application.hpp"
#include "http/server/certificate.hpp"
#include "http/server/limits.hpp"

namespace cued::http {

struct server_options {
  std::string host = "0.0.0.0";
  std::uint16_t port = 8000;  ///< 0: a free one, see server::port()
  std::size_t io_threads = 0; ///< 0: one per processor
  server_limits limits = {};
  certificate_files certificate = {}; ///< named: HTTPS and nothing else
  /// Addresses that may hold any number of connections, because they bring many clients.
  std::function<bool(const boost::asio::ip::address&)> is_proxy = {};
};

/// The HTTP/1 server: one acceptor, N I/O threads with an event loop each, one coroutine per connection; TLS if it has
/// a certificate. No HTTP/2 (spec/http.md §1).
/// Owner: main. Everything the application uses (services) outlives it.
class server {
public:
  server(server_options options, application& app);
  ~server(); ///< stops
  server(const server&) = delete;
  server& operator=(const server&) = delete;

  /// Listens and begins to answer. The error says why the address or the certificate cannot be had.
  [[nodiscard]] result<void> start();

  /// Reads the certificate again, for connections from now on; those that are open keep theirs. What cannot be used
  /// changes nothing. Nothing to do without TLS. After start(); any thread.
  [[nodiscard]] result<void> reload_certificate();

  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::size_t connections() const;

  /// Accepts no more, lets requests in flight finish for `stop_grace`, then cuts their connections. Returns when the
  /// last handler has returned; handlers are bounded by the time-outs of what they wait for.
  void stop();

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace cued::http
