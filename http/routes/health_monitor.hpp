#pragma once

#include <chrono>
#include <memory>

#include <boost/asio/awaitable.hpp>

#include "domain/error.hpp"
#include "http/services.hpp"
#include "persistence/health.hpp"

namespace cued::http {

/// Asks the database how it is, for monitors that ask often and without a key: one look at a time, its answer kept for
/// a second, or for twenty times as long as it took. A database that does not answer within `patience` counts as away.
/// Thread: any I/O thread.
class health_monitor {
public:
  static constexpr std::chrono::milliseconds kept_for{1'000};
  static constexpr int kept_for_durations = 20;
  static constexpr std::chrono::milliseconds patience{2'000};

  health_monitor();
  ~health_monitor();

  [[nodiscard]] boost::asio::awaitable<result<persistence::health_counts>> counts(services& with);

private:
  struct state; // shared with the look that is under way, which may outlive everybody who waits for it
  std::shared_ptr<state> state_;
};

} // namespace cued::http
