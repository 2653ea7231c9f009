#pragma once

#include <thread>
#include <unordered_set>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "http/server/limits.hpp"

namespace cued::http {

class connection;

/// One I/O thread: its event loop, the connections that live on it, and the sweep that ends those that take too long.
/// A coroutine started here is only ever resumed here, so connections and handlers need no locks.
class io_loop {
public:
  explicit io_loop(const server_limits& limits);
  ~io_loop(); ///< after stop()
  io_loop(const io_loop&) = delete;
  io_loop& operator=(const io_loop&) = delete;

  [[nodiscard]] boost::asio::io_context& context() { return context_; }

  void start();
  void close_idle_connections(); ///< and the others after the request they are at; new ones at once
  void abort_connections();
  void stop(); ///< waits for the handlers that still run

  // -- called by connections, on this thread ----------------------------
  void add(connection& c);
  void remove(connection& c);

private:
  void sweep();

  const server_limits& limits_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer next_sweep_;
  std::unordered_set<connection*> connections_;
  bool closing_ = false;
  bool stopped_ = false;
  std::thread thread_;
};

} // namespace cued::http
