#include "http/server/io_loop.hpp"

#include <vector>

#include <boost/asio/post.hpp>

#include "http/server/connection.hpp"

namespace cued::http {

namespace asio = boost::asio;

io_loop::io_loop(const server_limits& limits)
    : limits_{limits}, work_{asio::make_work_guard(context_)}, next_sweep_{context_} {}

io_loop::~io_loop() = default;

void io_loop::start() {
  sweep();
  thread_ = std::thread{[this] { context_.run(); }};
}

void io_loop::sweep() {
  const auto now = connection::clock::now();
  // Closing only cancels: a connection leaves the set later, when its coroutine has noticed.
  for (auto* c : connections_)
    c->close_if_late(now);
  next_sweep_.expires_after(limits_.sweep);
  next_sweep_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled && !stopped_) // a timer that has expired already cannot be cancelled
      sweep();
  });
}

void io_loop::close_idle_connections() {
  asio::post(context_, [this] {
    closing_ = true;
    for (auto* c : connections_)
      c->close_after_this_request();
  });
}

void io_loop::abort_connections() {
  asio::post(context_, [this] {
    for (auto* c : connections_)
      c->abort();
  });
}

void io_loop::stop() {
  asio::post(context_, [this] {
    stopped_ = true;
    next_sweep_.cancel();
    work_.reset();
  });
  if (thread_.joinable())
    thread_.join();
}

void io_loop::add(connection& c) {
  connections_.insert(&c);
  if (closing_)
    c.close_after_this_request();
}

void io_loop::remove(connection& c) { connections_.erase(&c); }

} // namespace cued::http
