#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "bench/scenarios/faults.hpp"
#include "bench/scenarios/stored_execution.hpp"

namespace cued::bench {

/// Compares what was due and what receivers heard with what Postgres holds, after a run:
///   - each cue has exactly one execution for each instant at which it was due, and none for another one;
///   - each execution was delivered at least once, and exactly once if nothing was broken on purpose;
///   - what a receiver heard of exists, and one that it answered with 2xx is written down as a success.
/// Pure: knows neither database nor network. Memory: 16 bytes for each instant and each request, 40 for each execution.
/// Usage: fire_history h; h.expect(…)…; h.heard(…)… ; h.holds(row)… (for_each_execution); h.judge(rules).
class fire_history {
public:
  /// What counts as wrong depends on what was done to the system meanwhile, and on how long it was given.
  struct rules {
    bool exactly_once = true;     ///< no faults were injected: a second delivery of an execution is a fault
    bool all_delivered = true;    ///< the run has waited for the last delivery
    bool all_answered_2xx = true; ///< receivers answered every request with 2xx
  };

  void reserve(std::size_t executions);
  void expect(std::uint64_t cue, instant at) { expected_.push_back({cue, at}); }
  /// A receiver got a request for this execution (X-CueAPI-Execution-Id); once for each request.
  void heard(const execution_key& execution) { heard_.push_back(execution); }
  /// An execution in the database, in any order. Only those of cues that are expected to fire at all are judged.
  void holds(const stored_execution& row);

  [[nodiscard]] faults judge(const rules& by);

private:
  struct due {
    std::uint64_t cue;
    instant at;
    auto operator<=>(const due&) const = default;
  };
  struct fired {
    due when;
    execution_key id;
    execution_status status;
    bool judged; ///< its cue is one that was expected to fire
    auto operator<=>(const fired&) const = default;
  };
  void judge_instants(faults& out);
  void judge_deliveries(const rules& by, faults& out);

  std::vector<due> expected_;
  std::vector<execution_key> heard_;
  std::vector<fired> rows_;
};

} // namespace cued::bench
