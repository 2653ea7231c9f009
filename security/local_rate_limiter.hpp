#pragma once

#include "domain/instant.hpp"
#include "security/fixed_window.hpp"
#include "security/rate_limiter.hpp"
#include "security/rate_window.hpp"

namespace cued::security {

/// The limiter of a single node, and of any node while Redis is away. Answers before the call returns.
class local_rate_limiter final : public rate_limiter {
public:
  explicit local_rate_limiter(const time_source& clock) : clock_(clock) {}

  void admit(std::string key, int limit, std::function<void(rate_decision)> done) override {
    done(sliding_.admit(key, limit, clock_.now()));
  }
  [[nodiscard]] std::optional<rate_decision> admit_at_once(std::string_view key, int limit) override {
    return sliding_.admit(key, limit, clock_.now());
  }
  void passed(std::string key, std::function<void(int)> done) override { done(sliding_.count(key, clock_.now())); }
  void count(std::string key, int limit, std::chrono::seconds window,
             std::function<void(counter_decision)> done) override {
    done(fixed_.count(key, limit, window, clock_.now()));
  }

private:
  const time_source& clock_;
  rate_window sliding_;
  fixed_window fixed_;
};

} // namespace cued::security
