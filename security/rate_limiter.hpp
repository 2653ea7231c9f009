#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace cued::security {

/// What the limiter says about one request, and the values of its headers. Source: spec/http.md §6.2.
struct rate_decision {
  bool allowed = true;
  int limit = 0;
  int remaining = 0;
  std::int64_t reset_unix_seconds = 0;
  int retry_after_seconds = 0; ///< of a refusal: 1 to 60
};

/// What a counter of one route says. Source: spec/http.md §6.4.
struct counter_decision {
  bool allowed = true;
  int retry_after_seconds = 0; ///< of a refusal: until the window ends, at least 1
};

/// Decides who has asked too often. Implementations: local_rate_limiter (this process) and, where several nodes share
/// Redis, one that counts there under the same keys. `done` is called once, perhaps before the call returns, perhaps
/// on another thread; it must only hand over. Any thread.
class rate_limiter {
public:
  virtual ~rate_limiter() = default;

  /// Sliding window: lets at most `limit` requests of `key` pass in any 60 s.
  virtual void admit(std::string key, int limit, std::function<void(rate_decision)> done) = 0;

  /// The same for whoever can decide without asking anybody. Nothing: it was not counted, ask admit().
  [[nodiscard]] virtual std::optional<rate_decision> admit_at_once(std::string_view, int) { return std::nullopt; }

  /// How many requests of `key` passed in the last 60 s, without counting one.
  virtual void passed(std::string key, std::function<void(int)> done) = 0;

  /// Fixed window, begun by the first call: `limit` calls are allowed until it ends.
  virtual void count(std::string key, int limit, std::chrono::seconds window,
                     std::function<void(counter_decision)> done) = 0;
};

} // namespace cued::security
