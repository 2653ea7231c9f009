#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "http/client/webhook_connection.hpp"

namespace cued::http::client {

/// Connections that have served a request and may serve another: to the very same target, soon, and only if the peer
/// has been quiet in between. What is too old, too many or not quiet is closed.
/// Whether an answer leaves its connection fit to be kept is the exchange's judgement; whether the address is still
/// allowed, that of the guard at each delivery.
///
/// Owned by one loop of the webhook_client and used on its thread only. Time is given by the caller.
/// Never: reads, writes, waits, has a timer of its own (its owner calls sweep()).
class connection_pool {
public:
  using time_point = std::chrono::steady_clock::time_point;

  struct limits {
    std::size_t idle_per_target_at_most = 64;
    std::size_t idle_at_most = 256; ///< beyond it the one that has been idle longest is closed
    /// Shorter than what common servers wait for the next request (5 s: Node.js, Apache, uvicorn), so that they rarely
    /// hang up just when we send.
    std::chrono::milliseconds idle_for{4'000};
    /// A load balancer gets to distribute us anew, and a certificate to be checked again.
    std::chrono::milliseconds age_at_most{60'000};
  };

  connection_pool() : connection_pool{limits{}} {}
  explicit connection_pool(limits chosen) : limits_{chosen} {}

  /// The one to this target that was used last, if it may be used at `now`. Null: there is none.
  [[nodiscard]] std::unique_ptr<webhook_connection> take(const connection_target& target, time_point now);

  /// Keeps the connection, or closes it.
  void give_back(const connection_target& target, std::unique_ptr<webhook_connection> connection, time_point now);

  /// Closes what has been idle for too long, and what its peer has left.
  void sweep(time_point now);

  /// Closes all, and from now on whatever is given back.
  void close();

  [[nodiscard]] std::size_t idle() const { return idle_.size(); }

private:
  struct idle_connection {
    std::string key;
    std::unique_ptr<webhook_connection> connection;
    time_point since;
  };
  using place = std::list<idle_connection>::iterator;

  [[nodiscard]] bool usable(const idle_connection& kept, time_point now) const;
  place remove(place which);

  limits limits_;
  std::list<idle_connection> idle_; ///< longest idle first
  std::unordered_map<std::string, std::vector<place>> by_target_;
  bool closed_ = false;
};

} // namespace cued::http::client
