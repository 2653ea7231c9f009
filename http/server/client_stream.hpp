#pragma once

#include <optional>
#include <utility>

#include <boost/asio/async_result.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>

namespace cued::http {

/// The bytes of one client, plain or inside TLS: a stream as asio's composed operations want it. Being plain costs one
/// branch. Both layers share one socket, so a deadline or a shutdown that closes it ends whatever is under way.
/// Owner: a connection, on whose I/O loop everything happens. Never: decides how long to wait.
class client_stream {
public:
  using socket_type = boost::asio::ip::tcp::socket;
  using executor_type = socket_type::executor_type;
  using error_code = boost::system::error_code;

  /// `tls` null: plain. The context may be replaced or destroyed afterwards.
  client_stream(socket_type socket, boost::asio::ssl::context* tls) : socket_{std::move(socket)} {
    if (tls)
      tls_.emplace(socket_, *tls);
  }
  client_stream(const client_stream&) = delete;
  client_stream& operator=(const client_stream&) = delete;

  [[nodiscard]] executor_type get_executor() { return socket_.get_executor(); }
  [[nodiscard]] socket_type& socket() { return socket_; }
  [[nodiscard]] const socket_type& socket() const { return socket_; }
  [[nodiscard]] bool encrypted() const { return tls_.has_value(); }

  /// From here on as plain; for a client that turned out not to speak TLS, or that we have said goodbye to.
  void become_plain() { tls_.reset(); }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code, std::size_t)>(read_some{this}, token, buffers);
  }

  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code, std::size_t)>(write_some{this}, token, buffers);
  }

  // -- only while encrypted ---------------------------------------------
  template <class Token>
  auto async_handshake(Token&& token) {
    return tls_->async_handshake(boost::asio::ssl::stream_base::server, std::forward<Token>(token));
  }

  /// Says that nothing more comes, and waits for the client to say the same.
  template <class Token>
  auto async_goodbye(Token&& token) {
    return tls_->async_shutdown(std::forward<Token>(token));
  }

private:
  // Named types instead of lambdas: g++ 12 miscompiles capturing lambdas in expressions that are awaited.
  struct read_some {
    client_stream* self;
    template <class WhenDone, class Buffers>
    void operator()(WhenDone&& when_done, const Buffers& buffers) const {
      if (self->tls_)
        self->tls_->async_read_some(buffers, std::forward<WhenDone>(when_done));
      else
        self->socket_.async_read_some(buffers, std::forward<WhenDone>(when_done));
    }
  };
  struct write_some {
    client_stream* self;
    template <class WhenDone, class Buffers>
    void operator()(WhenDone&& when_done, const Buffers& buffers) const {
      if (self->tls_)
        self->tls_->async_write_some(buffers, std::forward<WhenDone>(when_done));
      else
        self->socket_.async_write_some(buffers, std::forward<WhenDone>(when_done));
    }
  };

  socket_type socket_;
  std::optional<boost::asio::ssl::stream<socket_type&>> tls_;
};

} // namespace cued::http
