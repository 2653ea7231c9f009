#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/scenario.hpp"
#include "bench/scenarios/fire_reader.hpp"
#include "bench/subject/fixture.hpp"
#include "bench/subject/receiver.hpp"

namespace cued::bench {

struct fires_wish {
  std::size_t cues = 0; ///< rounded up to as many for each tenant
  std::chrono::microseconds apart{0};
  transport to = transport::webhook;
};

/// Cues that will become due and, if they are webhooks, the receiver that they lead to. Their first instant lies so far
/// ahead that the server has heard of them by then as of rows that others write (POLLER_INTERVAL_SECONDS).
struct fire_stage {
  std::unique_ptr<receiver> hook; ///< null: worker transport
  due_span span;
  std::uint64_t cues = 0;

  [[nodiscard]] static result<fire_stage> set(stage& at, const std::vector<tenant>& tenants, const fires_wish& wish);
};

/// How long before the first due instant a scenario may begin with something else, at the most.
inline constexpr std::chrono::seconds time_before_fires{7};

/// Sleeps until a planned instant, telling `progress` once a second.
void wait_until(instant at, stage& on, const fire_stage& fires);

/// Waits until all of the span's executions are recorded as successes, at most until then. How many were.
[[nodiscard]] result<std::uint64_t> wait_for_successes(const std::string& dsn, const fire_stage& fires,
                                                       std::chrono::steady_clock::time_point until);

[[nodiscard]] instant wall_clock_now();

} // namespace cued::bench
