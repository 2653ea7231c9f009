#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/tcp_stream.hpp>

namespace cued::http::client {

/// Where a connection leads, and on whose behalf. One that is kept serves only requests for which all of this is the
/// same: the address because it was vetted, the name because TLS has checked the certificate against it, the tenant
/// because a receiver that takes two requests for one must not mix up those of two tenants, and because some receivers
/// take a connection for logged in.
struct connection_target {
  std::string scheme, host;
  unsigned short port = 0;
  std::string tenant;
  boost::asio::ip::address address;

  bool operator==(const connection_target&) const = default;
};

/// A connection to a receiver, with TLS on top or without. A plain holder of what one exchange hands on to the next.
/// Owned by the exchange that uses it, between two of them by a connection_pool; runs on one executor all its life.
/// Never: connects, reads or writes by itself.
class webhook_connection {
public:
  using tcp_stream = boost::beast::tcp_stream;
  using tls_stream = boost::asio::ssl::stream<tcp_stream&>;

  using time_point = std::chrono::steady_clock::time_point;

  webhook_connection(const boost::asio::any_io_executor& executor, time_point opened_at)
      : tcp_{executor}, opened_at_{opened_at} {}

  [[nodiscard]] tcp_stream& tcp() { return tcp_; }
  [[nodiscard]] tls_stream* tls() { return tls_.get(); } ///< null: plain
  [[nodiscard]] time_point opened_at() const { return opened_at_; }

  /// Once, when TCP is connected. The handshake is the caller's.
  tls_stream& add_tls(boost::asio::ssl::context& context);

  /// Whether the peer has neither hung up nor sent anything since the last answer was read. What has come unasked, be
  /// it the server's farewell, could be taken for the answer to the next request. Does not block.
  [[nodiscard]] bool is_quiet();

private:
  tcp_stream tcp_;
  time_point opened_at_;
  std::unique_ptr<tls_stream> tls_;
};

} // namespace cued::http::client
