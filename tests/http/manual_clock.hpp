#pragma once

#include <atomic>

#include "domain/instant.hpp"

namespace cued::http::test {

/// A clock that stands still until it is turned. Any thread.
class manual_clock final : public time_source {
public:
  [[nodiscard]] instant now() const override { return instant{std::chrono::microseconds{micros_}}; }
  void advance(std::chrono::microseconds by) { micros_ += by.count(); }

private:
  std::atomic<std::int64_t> micros_{1'764'021'600'000'000}; // 2025-11-24T22:00:00Z
};

} // namespace cued::http::test
