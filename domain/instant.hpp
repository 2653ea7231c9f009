#pragma once

#include <chrono>

namespace cued {

/// A point in time, UTC, to the microsecond: what Postgres' timestamptz holds.
using instant = std::chrono::sys_time<std::chrono::microseconds>;

/// Where the present comes from. Everything that needs it is handed one of these, so that tests can turn the clock.
class time_source {
public:
  virtual ~time_source() = default;
  [[nodiscard]] virtual instant now() const = 0;
};

/// The machine's wall clock.
class wall_clock final : public time_source {
public:
  [[nodiscard]] instant now() const override {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  }
};

} // namespace cued
