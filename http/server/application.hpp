#pragma once

#include <boost/asio/awaitable.hpp>

#include "domain/error.hpp"
#include "http/server/route.hpp"

namespace cued::http {

/// The body of the request at hand, still on its way. Belongs to the connection.
class body_source {
public:
  virtual ~body_source() = default;

  /// The client says that more is coming than we take (spec/http.md §5). Known without reading.
  [[nodiscard]] virtual bool declared_too_large() const = 0;

  /// Reads all of it into request::body, sending `100 Continue` if the client waits for that. At most once.
  /// 413 when it gets too long, 408 when it takes too long, 400 when its framing is broken; the connection then ends
  /// with the answer.
  [[nodiscard]] virtual boost::asio::awaitable<result<void>> read() = 0;

  /// The same if it needs no waiting, as when the body came together with the header block. False: ask read().
  [[nodiscard]] virtual bool read_at_once() { return false; }
};

/// What the server asks for each request it could read. The server knows sockets and framing, the application
/// everything else.
/// Thread: the I/O thread of the connection; many requests at once, of one connection one at a time. Never throws.
class application {
public:
  virtual ~application() = default;

  [[nodiscard]] virtual boost::asio::awaitable<response> answer(request& in, body_source& body) = 0;

  /// The answer to something that did not become a request (too long a header block, too slow a client).
  [[nodiscard]] virtual response refusal(const error& why) = 0;
};

} // namespace cued::http
