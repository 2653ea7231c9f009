#pragma once

#include <string>

#include "http/middleware/authentication.hpp"
#include "http/middleware/client_address.hpp"
#include "http/middleware/cors.hpp"
#include "http/middleware/key_uses.hpp"
#include "http/middleware/probe.hpp"
#include "http/server/application.hpp"
#include "http/server/router.hpp"

namespace cued::http {

/// What happens to a request between the server and its handler, and to the answer on its way back.
/// From outside in: request id and catch-all, size, rate limit, body echo, CORS, routing, body, authentication,
/// handler. Which error wins is decided here, exactly as in spec/http.md §1.2; the middlewares themselves are beside
/// this file. Thread: any I/O thread. Immutable but for the metrics.
class pipeline final : public application {
public:
  /// `with.routes` is the table to dispatch on.
  explicit pipeline(services& with);

  [[nodiscard]] boost::asio::awaitable<response> answer(request& in, body_source& body) override;
  [[nodiscard]] response refusal(const error& why) override;

private:
  [[nodiscard]] boost::asio::awaitable<response> admitted(request& in, body_source& body, router::match& match);
  [[nodiscard]] boost::asio::awaitable<response> routed(request& in, body_source& body, router::match& match,
                                                        const identity& caller);
  [[nodiscard]] boost::asio::awaitable<result<response>> handled(request& in, body_source& body, const route& to,
                                                                 const identity& caller);

  services& with_;
  router router_;
  authentication authentication_;
  trusted_proxies proxies_;
  cors cors_;
  http_probe probe_;
  key_uses key_uses_;
  bool production_;
};

} // namespace cued::http
