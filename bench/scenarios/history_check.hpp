#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "bench/scenarios/faults.hpp"
#include "bench/scenarios/stored_execution.hpp"

namespace cued::bench {

/// Compares what clients were told with what Postgres holds, after a run of claims and outcomes on worker cues:
///   - whoever was told that he has claimed an execution is the one the row names, and nobody else was told so;
///   - a report that was told recorded is the one the row has, and no other report was told so;
///   - what nobody was told of, and nobody can have been in doubt about, has not happened;
///   - no row is in a state that it cannot be in, and none came or went.
/// A request whose answer was lost, or was a 5xx (a commit in doubt), may have happened or not.
///
/// Pure: knows neither database nor network. Used by one thread. Memory: 24 bytes for each answer.
/// Usage: the first group of calls during the run; then begin_judging(), see() for each row in the order of ids
/// (for_each_execution gives them so), end_judging().
class work_history {
public:
  void reserve(std::size_t count) { told_.reserve(count); }

  void claimed(const execution_key& e, std::uint32_t worker) { told_.push_back({e, worker, kind::claimed}); }
  void claim_refused(const execution_key& e, std::uint32_t worker) {
    told_.push_back({e, worker, kind::claim_refused});
  }
  void claim_in_doubt(const execution_key& e, std::uint32_t worker) {
    told_.push_back({e, worker, kind::claim_in_doubt});
  }
  /// The worker asked for up to `at_most` executions of the server's choice and does not know which it has got.
  void any_claim_in_doubt(std::uint32_t worker, std::uint32_t at_most) { unknown_claims_[worker] += at_most; }
  void recorded(const execution_key& e, std::uint32_t report) { told_.push_back({e, report, kind::recorded}); }
  void report_refused(const execution_key& e, std::uint32_t report) {
    told_.push_back({e, report, kind::report_refused});
  }
  void report_in_doubt(const execution_key& e, std::uint32_t report) {
    told_.push_back({e, report, kind::report_in_doubt});
  }

  void begin_judging();
  void see(const stored_execution& row);
  /// `executions`: how many the stage was set with.
  [[nodiscard]] faults end_judging(std::uint64_t executions);

private:
  enum class kind : std::uint8_t { claimed, claim_refused, claim_in_doubt, recorded, report_refused, report_in_doubt };
  struct answer {
    execution_key execution;
    std::uint32_t number; ///< of the worker or the report
    kind what;
  };
  using answers = std::vector<answer>::const_iterator;

  void judge_claim(const stored_execution& row, answers from, answers to);
  void judge_report(const stored_execution& row, answers from, answers to);
  void judge_state(const stored_execution& row);

  std::vector<answer> told_;
  std::unordered_map<std::uint32_t, std::uint32_t> unknown_claims_;
  answers next_{}; ///< the first answer that no row was seen for
  std::uint64_t seen_ = 0;
  faults found_;
};

} // namespace cued::bench
