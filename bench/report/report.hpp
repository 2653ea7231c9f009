#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "bench/contest/contest.hpp"
#include "bench/scenario.hpp"

namespace cued::bench {

/// On what and with what was measured: figures mean nothing without it.
struct conditions {
  std::string begun_at; ///< RFC 3339, UTC
  std::string processor, kernel, postgres, durability;
  std::size_t processors = 0;
  std::int64_t memory_bytes = 0;
  std::string subject;                     ///< the program or URL under test
  std::chrono::milliseconds cold_start{0}; ///< of the server that the runs were made on; 0: not started by us
};

/// How one quantity goes with another ("completed executions" and "operations per second").
struct curve {
  std::string title, x_name, y_name;
  std::vector<std::pair<double, double>> points;
};

/// One promise about speed and what became of it.
struct bar {
  std::string name, measured, wanted;
  bool met = false;
  std::string unavailable; ///< why it could not be measured; then it is not met
};

/// All that one call of the program has found out. A plain value; table, json and html only read it.
struct report {
  conditions on;
  std::vector<measurement> runs; ///< in the order in which they were made
  std::vector<contest_result> contests;
  std::vector<curve> curves;
  std::vector<bar> bars;
};

} // namespace cued::bench
