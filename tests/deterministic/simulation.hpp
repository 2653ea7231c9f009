#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/deterministic/store_model.hpp"

namespace cued::deterministic {

struct simulation_options {
  std::chrono::hours with_faults{8}; ///< then they are off, and everything has to come to its end
  std::chrono::minutes calm{120};
  defect broken = defect::none;
};

/// What came of one seed.
struct simulation_report {
  std::uint64_t seed = 0;
  std::string failure; ///< empty: every promise was kept
  std::uint64_t hash = 0, steps = 0, events = 0;
  std::size_t executions = 0, delivered = 0, claimed = 0, reported = 0, crashes = 0, outages = 0;
  double hours = 0; ///< simulated
  std::vector<std::string> last_events;
  std::string scene; ///< in words

  [[nodiscard]] std::string to_text() const;
};

/// Engines, workers, a receiver and a database through some hours, all decided by the seed: the cues, who runs when,
/// what is lost, what dies. The same seed and options give the same run, on every machine.
[[nodiscard]] simulation_report simulate(std::uint64_t seed, const simulation_options& options = {});

} // namespace cued::deterministic
