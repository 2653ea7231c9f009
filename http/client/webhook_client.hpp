#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "http/client/connection_pool.hpp"
#include "http/client/webhook_exchange.hpp"

namespace cued::http::client {

/// The webhook_sender of the product: HTTP/1.1 over connections of its own, at most `concurrency` requests at once; who
/// comes later waits in line. The deadline of a request starts when its turn comes. What connections are left over is
/// kept for a few seconds, for requests to the same target (connection_pool).
///
/// One that is made with an `unguarded` policy is for URLs of the operator's settings: to them, requests go to wherever
/// the URL says and are never `blocked`. Users' URLs must not get there.
///
/// Owned by main. Threads: its own, which only do network I/O and call `done`; each has an event loop and kept
/// connections of its own, and an exchange stays on the loop it began on. Any thread may call send().
/// close() gives up what is under way and what waits (each `done` is still called) and joins the threads; a send after
/// that fails at once, on the caller's thread. Whoever wants results to the last waits for them first.
/// Never: retries, records, knows tenants' caps (deliver does), reads proxies from the environment.
class webhook_client final : public actors::webhook_sender {
public:
  struct options {
    std::size_t concurrency = 50;       ///< WEBHOOK_CONCURRENCY_PER_WORKER
    std::size_t waiting_limit = 10'000; ///< beyond it a send fails at once, without being tried
    std::size_t threads = 2;
    connection_pool::limits kept_connections = {}; ///< of each thread
    std::optional<egress_proxy> proxy;             ///< WEBHOOK_EGRESS_PROXY
  };

  webhook_client(options chosen, security::url_policy policy, boost::asio::ssl::context tls, name_resolver& names,
                 const time_source& clock);
  ~webhook_client() override;
  webhook_client(const webhook_client&) = delete;
  webhook_client& operator=(const webhook_client&) = delete;

  void send(actors::webhook_request request, std::function<void(actors::webhook_response)> done) override;

  void close(); ///< by one thread; doing it twice is harmless

  [[nodiscard]] std::size_t under_way() const;
  [[nodiscard]] std::size_t waiting() const;

private:
  using done_function = std::function<void(actors::webhook_response)>;
  struct job {
    actors::webhook_request request;
    done_function done;
  };

  /// A thread, its event loop, and the connections that its exchanges have left.
  struct loop {
    explicit loop(const connection_pool::limits& limits) : kept{limits}, sweep_time{io} {}

    boost::asio::io_context io{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work = boost::asio::make_work_guard(io);
    connection_pool kept;
    boost::asio::steady_timer sweep_time;
    bool sweeping = false; ///< the timer runs
    std::thread thread;
  };

  void start(job next); ///< its place is counted already
  void finish(loop& where, const webhook_exchange* ended, const done_function& done, actors::webhook_response answer);
  void sweep_later(loop& where);

  const options options_;
  const security::url_policy policy_;
  boost::asio::ssl::context tls_;
  egress_proxy_log proxy_log_;
  const exchange_surroundings surroundings_;
  std::vector<std::unique_ptr<loop>> loops_;
  std::atomic<std::size_t> next_loop_{0};

  mutable std::mutex mutex_;
  std::deque<job> waiting_;
  std::unordered_map<const webhook_exchange*, std::weak_ptr<webhook_exchange>> under_way_;
  std::size_t places_taken_ = 0;
  bool closing_ = false;
};

} // namespace cued::http::client
