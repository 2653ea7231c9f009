#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "domain/instant.hpp"
#include "persistence/redis/redis_client.hpp"
#include "security/random.hpp"
#include "security/rate_limiter.hpp"

namespace cued::persistence {

/// Counts in Redis, for all nodes together and under the reference's keys: a window is a sorted set (score: Unix time,
/// member: that time, `:` and 8 hex digits), a counter a number. Each decision is one script, so however many requests
/// come at once never more than the limit pass; and each is made on what Redis holds then, so whoever deletes a key has
/// opened its window (spec/http.md §6.2, §6.4; spec/redis.md §1).
///
/// No request waits longer than `patience` for Redis. While it is away, or slow, this process decides by itself from
/// what it has let pass lately, and goes back when Redis answers again. A Redis that was away may have forgotten, so
/// for one more window both must agree; one that was only slow is told what passed meanwhile. The log tells when this
/// begins and ends; `on_fallback` is called once per decision.
///
/// Any thread. What is under way at the destruction is decided all the same; client and clock must live longer.
class redis_rate_limiter final : public security::rate_limiter {
public:
  struct settings {
    std::chrono::milliseconds patience = redis_patience;
    std::function<void()> on_fallback; ///< any thread
  };

  redis_rate_limiter(redis_client& redis, const time_source& clock, security::random_source& random, settings chosen);
  ~redis_rate_limiter() override;
  redis_rate_limiter(const redis_rate_limiter&) = delete;
  redis_rate_limiter& operator=(const redis_rate_limiter&) = delete;

  void admit(std::string key, int limit, std::function<void(security::rate_decision)> done) override;
  void passed(std::string key, std::function<void(int)> done) override;
  void count(std::string key, int limit, std::chrono::seconds window,
             std::function<void(security::counter_decision)> done) override;

private:
  class windows; ///< lives as long as anything is under way

  redis_client& redis_;
  const time_source& clock_;
  security::random_source& random_;
  std::shared_ptr<windows> windows_;
};

} // namespace cued::persistence
