#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <limits>
#include <memory>
#include <string>

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include "http/server/application.hpp"
#include "http/server/client_stream.hpp"
#include "http/server/limits.hpp"

namespace cued::http {

class io_loop;
class message_parser;

/// One client's connection: reads a request, has it answered, writes the answer, and again. It keeps the time limits
/// of server_limits by a deadline that the sweep of its I/O loop compares with the clock, so that a request costs no
/// timer.
/// Thread: one I/O loop. Lives in the coroutine that serves it. Never: looks into a request beyond its framing.
class connection final : public body_source {
public:
  using clock = std::chrono::steady_clock;

  /// `tls` null: the client speaks plain HTTP.
  connection(boost::asio::ip::tcp::socket socket, boost::asio::ssl::context* tls, io_loop& loop, application& app,
             const server_limits& limits);
  ~connection() override;
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  /// Returns when the connection is closed. Errors of the socket end it, nothing is thrown.
  boost::asio::awaitable<void> serve();

  // -- called by the I/O loop -------------------------------------------
  void close_if_late(clock::time_point now);
  /// At once if none is in progress. One that has never asked anything, or has begun to, may ask once: it connected
  /// while we still accepted, and must not be told that nothing happened by a broken connection.
  void close_after_this_request();
  void abort(); ///< what is being handled goes on, its answer is lost

  // -- body_source ------------------------------------------------------
  [[nodiscard]] bool declared_too_large() const override;
  [[nodiscard]] boost::asio::awaitable<result<void>> read() override;
  [[nodiscard]] bool read_at_once() override;

private:
  enum class phase { greeting, idle, reading, handling, writing, lingering };
  enum class header_outcome { complete, closed, not_http, too_large, too_late };

  boost::asio::awaitable<bool> shake_hands();       ///< false: no TLS came about
  boost::asio::awaitable<bool> serve_one_request(); ///< true: another may follow
  boost::asio::awaitable<header_outcome> read_header(message_parser& parser);
  boost::asio::awaitable<bool> read_some(); ///< false: closed, or too late
  boost::asio::awaitable<void> write(const response& answer);
  void compose(const response& answer); ///< into `unsent_`; the answer must stay until it is sent
  [[nodiscard]] bool send_at_once();    ///< what the socket takes without waiting; true: no more to be sent
  boost::asio::awaitable<void> send_rest();
  boost::asio::awaitable<void> write_text(std::string_view text);
  boost::asio::awaitable<void> refuse(const error& why);
  boost::asio::awaitable<void> send_continue();
  boost::asio::awaitable<void> discard_body();
  boost::asio::awaitable<void> linger();

  void enter(phase p, std::chrono::milliseconds limit);
  void enter(phase p); ///< without a limit
  void close();
  [[nodiscard]] bool client_is_gone();
  [[nodiscard]] bool something_came(); ///< that was not read yet

  // -- the client -------------------------------------------------------
  client_stream stream_;
  io_loop& loop_;
  application& application_;
  const server_limits& limits_;
  std::string client_address_;
  boost::beast::flat_buffer buffer_; ///< read from the socket, not yet parsed

  // -- the request in progress ------------------------------------------
  request* request_ = nullptr;
  message_parser* parser_ = nullptr;
  bool head_only_ = false;
  bool body_begun_ = false; ///< asked for, and `100 Continue` sent if wanted
  std::string head_;        ///< of the answer; kept for its capacity
  std::array<boost::asio::const_buffer, 2> unsent_{};

  // -- how it ends ------------------------------------------------------
  phase phase_ = phase::idle;
  clock::time_point deadline_ = clock::time_point::max();
  clock::time_point handling_since_{};
  std::shared_ptr<std::atomic<bool>> hung_up_ = std::make_shared<std::atomic<bool>>(false); ///< see request::hung_up
  bool late_ = false;   ///< a limit of reading was reached
  bool last_ = false;   ///< this request is the last
  bool asked_ = false;  ///< a request has been read
  bool spared_ = false; ///< of a connection that is to end: its one request is waited for
  bool nothing_unread_ = false;
  bool broken_ = false; ///< the socket failed or was closed: nothing more can be sent
};

} // namespace cued::http
