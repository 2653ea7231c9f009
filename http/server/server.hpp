#pragma once

#include <memory>
#include <string>
#include <vector>

#include "domain/error.hpp"
#include "http/server/application.hpp"
#include "http/server/limits.hpp"

namespace cued::http {

struct server_options {
  std::string host = "0.0.0.0";
  std::uint16_t port = 8000;  ///< 0: a free one, see server::port()
  std::size_t io_threads = 0; ///< 0: one per processor
  server_limits limits = {};
};

/// The HTTP/1 server: one acceptor, N I/O threads with an event loop each, one coroutine per connection. No TLS, no
/// HTTP/2 (spec/http.md §1: a proxy's business).
/// Owner: main. Everything the application uses (services) outlives it.
class server {
public:
  server(server_options options, application& app);
  ~server(); ///< stops
  server(const server&) = delete;
  server& operator=(const server&) = delete;

  /// Listens and begins to answer. The error says why the address cannot be had.
  [[nodiscard]] result<void> start();

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
