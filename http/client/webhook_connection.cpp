#include "http/client/webhook_connection.hpp"

#include <cerrno>

#include <sys/socket.h>

namespace cued::http::client {

webhook_connection::tls_stream& webhook_connection::add_tls(boost::asio::ssl::context& context) {
  tls_ = std::make_unique<tls_stream>(tcp_, context);
  return *tls_;
}

bool webhook_connection::is_quiet() {
  auto& socket = tcp_.socket();
  if (!socket.is_open())
    return false;
  if (tls_) {
    SSL* const native = tls_->native_handle();
    if (SSL_has_pending(native) != 0 || BIO_ctrl_pending(SSL_get_rbio(native)) > 0)
      return false;
  }
  char byte = 0;
  const auto count = ::recv(socket.native_handle(), &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT);
  return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

} // namespace cued::http::client
