#pragma once

#include <future>
#include <mutex>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "http/middleware/error_envelope.hpp"
#include "http/server/server.hpp"

namespace cued::http::test {

/// Answers by path, without any middleware: what the server itself does shows.
///   /echo   reads the body and sends it back     /ignore  does not read it
///   /empty  204                                   /wait    answers when `release` is called
///   /target what the server made of path and query
///   /patience handles the request until its client has hung up
class scripted_application final : public application {
public:
  boost::asio::awaitable<response> answer(request& in, body_source& body) override {
    if (body.declared_too_large() || in.path == "/echo") {
      auto read = co_await body.read();
      if (!read)
        co_return error_response(read.error());
      co_return text(in.body);
    }
    if (in.path == "/empty")
      co_return no_content();
    if (in.path == "/wait")
      co_await wait();
    if (in.path == "/patience") {
      arrived_.set_value();
      co_await until(*in.hung_up);
      hung_up_.set_value();
    }
    if (in.path == "/target") {
      std::string out = in.path + "|" + in.client_address;
      for (const auto& [name, value] : in.query)
        out += "|" + name + "=" + value;
      co_return text(out);
    }
    if (in.path == "/split") {
      auto out = text("x");
      out.headers.emplace_back("x-evil", "a\r\nset-cookie: b");
      co_return out;
    }
    co_return text("ignored");
  }

  response refusal(const error& why) override { return error_response(why); }

  void wait_for_arrival() { arrived_.get_future().wait(); } ///< of the request to /wait
  void release() { released_ = true; }
  void wait_for_hang_up() { hung_up_.get_future().wait(); } ///< of the client of /patience

private:
  static response text(std::string body) {
    response out;
    out.body = std::move(body);
    out.content_type = "text/plain";
    return out;
  }

  /// The coroutine looks whether it may go on each time its timer fires: the test decides when, not the time.
  boost::asio::awaitable<void> wait() {
    arrived_.set_value();
    co_await until(released_);
  }

  static boost::asio::awaitable<void> until(const std::atomic<bool>& condition) {
    boost::asio::steady_timer timer{co_await boost::asio::this_coro::executor};
    while (!condition) {
      timer.expires_after(std::chrono::milliseconds{1});
      co_await timer.async_wait(boost::asio::use_awaitable);
    }
  }

  std::promise<void> arrived_, hung_up_;
  std::atomic<bool> released_{false};
};

/// A server on a free port of the loopback address.
struct running_server {
  explicit running_server(server_limits limits = {})
      : running_server{server_options{.host = "127.0.0.1", .port = 0, .io_threads = 2, .limits = limits}} {}
  explicit running_server(server_options options) : listening{std::move(options), app} {
    const auto started = listening.start();
    if (!started)
      throw std::runtime_error(started.error().message);
  }
  [[nodiscard]] std::uint16_t port() const { return listening.port(); }

  scripted_application app;
  server listening;
};

} // namespace cued::http::test
