#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <tl/expected.hpp>

#include "actors/deliver/webhook_sender.hpp"
#include "domain/instant.hpp"
#include "http/client/egress_proxy.hpp"
#include "http/client/name_resolver.hpp"
#include "http/client/vetting.hpp"

namespace cued::http::client {

/// What all exchanges of one client share; it outlives them.
struct exchange_surroundings {
  boost::asio::ssl::context& tls;
  name_resolver& names;
  const security::url_policy& policy;
  const time_source& clock;
  const egress_proxy* proxy; ///< null: webhooks go straight out
  egress_proxy_log& proxy_log;
};

inline constexpr std::size_t response_header_limit_bytes = 64 * 1024;
inline constexpr int interim_response_limit = 10; ///< 1xx answers before the real one

/// One webhook, from its URL to the answer: vet the text, look the name up, vet the addresses, connect to one of
/// exactly these (itself, or by the operator's proxy), TLS with the name, send, read. One new connection; no redirect,
/// no proxy of the environment, no second look-up in which the name could point elsewhere. Everything together within
/// the request's deadline.
/// Source: spec/delivery.md §5.3 - §5.5, spec/security.md §1.4, §1.6.
///
/// Owned by the webhook_client; runs on `executor`, a strand of its own. Never: judges what an answer means, retries.
class webhook_exchange {
public:
  webhook_exchange(boost::asio::any_io_executor executor, const exchange_surroundings& surroundings,
                   actors::webhook_request request);

  /// Call once; the exchange must live until it has returned.
  [[nodiscard]] boost::asio::awaitable<actors::webhook_response> run();

  [[nodiscard]] const boost::asio::any_io_executor& executor() const { return executor_; }

  /// Gives up as soon as possible: the answer becomes a failure. On the executor only.
  void abort();

private:
  using tcp_stream = boost::beast::tcp_stream;
  using error_code = boost::system::error_code;
  using endpoint = boost::asio::ip::tcp::endpoint;
  using time_point = std::chrono::steady_clock::time_point;
  using response = actors::webhook_response;
  template <class T>
  using outcome = tl::expected<T, response>; ///< or how the exchange ended

  [[nodiscard]] boost::asio::awaitable<outcome<response>> attempt();
  [[nodiscard]] boost::asio::awaitable<outcome<addresses>> allowed_addresses(const security::url_candidate& candidate);
  [[nodiscard]] boost::asio::awaitable<outcome<void>> connect(const addresses& allowed, unsigned short port);
  [[nodiscard]] boost::asio::awaitable<result<void>> reach(endpoint target, time_point until);
  [[nodiscard]] boost::asio::awaitable<result<void>> reach_by_proxy(endpoint target, time_point until);
  [[nodiscard]] boost::asio::awaitable<result<addresses>> addresses_of_proxy(time_point until);
  [[nodiscard]] boost::asio::awaitable<result<void>> tunnel_through(endpoint proxy, endpoint target, time_point until);
  [[nodiscard]] boost::asio::awaitable<error_code> dial(endpoint target, time_point until);
  [[nodiscard]] boost::asio::awaitable<outcome<response>> talk_tls(const std::string& host);
  template <class Stream>
  [[nodiscard]] boost::asio::awaitable<outcome<response>> talk(Stream& stream);
  template <class Stream>
  [[nodiscard]] boost::asio::awaitable<outcome<response>> read_answer(Stream& stream);

  [[nodiscard]] tl::unexpected<response> refuse(const error& refusal) const;
  [[nodiscard]] tl::unexpected<response> give_up(response::failure what, std::string detail) const;
  [[nodiscard]] tl::unexpected<response> give_up(const error_code& failed, response::failure otherwise) const;
  [[nodiscard]] bool time_is_up() const;

  boost::asio::any_io_executor executor_;
  exchange_surroundings with_;
  actors::webhook_request request_;
  std::string message_; ///< head and body, as sent
  time_point deadline_;
  std::optional<instant> first_byte_sent_at_;
  std::optional<tcp_stream> stream_; ///< of the address being tried
  bool aborted_ = false;
};

} // namespace cued::http::client
