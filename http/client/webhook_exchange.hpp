#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ssl/context.hpp>
#include <tl/expected.hpp>

#include "actors/deliver/webhook_sender.hpp"
#include "domain/instant.hpp"
#include "http/client/connection_pool.hpp"
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
/// exactly these (itself, or by the operator's proxy), TLS with the name, send, read. No redirect, no proxy of the
/// environment, no second look-up in which the name could point elsewhere. Everything together within the request's
/// deadline.
/// A connection that an earlier webhook has left may serve instead of a new one, if it leads to an address that was
/// vetted for this one (RFC 9112 §9.3). A server may have hung up on it at the very moment we send; when it did so
/// without a single byte of an answer, the request goes out once more, on a new connection: with the same ids, which is
/// what at-least-once delivery tells receivers to expect. Through the proxy every webhook has a tunnel of its own.
/// Source: spec/delivery.md §5.3 - §5.5, spec/security.md §1.4, §1.6.
///
/// Owned by the webhook_client; runs on `executor`, that of one of its loops, whose pool it uses. Never: judges what an
/// answer means, makes another attempt after an answer or a failure to connect.
class webhook_exchange {
public:
  webhook_exchange(boost::asio::any_io_executor executor, const exchange_surroundings& surroundings,
                   connection_pool& kept, actors::webhook_request request);

  /// Call once; the exchange must live until it has returned.
  [[nodiscard]] boost::asio::awaitable<actors::webhook_response> run();

  [[nodiscard]] const boost::asio::any_io_executor& executor() const { return executor_; }

  /// Gives up as soon as possible: the answer becomes a failure. On the executor only.
  void abort();

private:
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
  [[nodiscard]] boost::asio::awaitable<outcome<void>> shake_hands(const std::string& host);
  [[nodiscard]] boost::asio::awaitable<outcome<response>> converse(); ///< on whatever connection there is
  void keep_sending_after_the_end(bool keep);
  template <class Stream>
  [[nodiscard]] boost::asio::awaitable<outcome<response>> talk(Stream& stream);
  template <class Stream>
  [[nodiscard]] boost::asio::awaitable<outcome<response>> read_answer(Stream& stream);

  bool take_kept(const addresses& allowed); ///< a connection that an earlier exchange has left
  void keep_connection();
  [[nodiscard]] bool was_left_unheard(const outcome<response>& answer) const;

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
  connection_pool& kept_;
  connection_target target_;                       ///< without its address, until there is a connection
  std::unique_ptr<webhook_connection> connection_; ///< of the address being tried
  bool second_hand_ = false;                       ///< the connection has served before
  bool answer_began_ = false;                      ///< something of an answer has come
  bool fit_to_keep_ = false; ///< the answer is whole, nothing came after it, and the peer waits for more
  bool aborted_ = false;
};

} // namespace cued::http::client
