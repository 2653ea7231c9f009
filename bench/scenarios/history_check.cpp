#include "bench/scenarios/history_check.hpp"

#include <algorithm>
#include <tuple>

namespace cued::bench {
namespace {

std::string numbered(const execution_key& e, std::uint32_t told, std::uint32_t stored) {
  const auto text = [](std::uint32_t number) {
    return number == nobody ? std::string{"none"} : number == somebody_else ? "another" : std::to_string(number);
  };
  return text_of(e) + " (told " + text(told) + ", holds " + text(stored) + ")";
}

} // namespace

void work_history::begin_judging() {
  std::sort(told_.begin(), told_.end(), [](const answer& a, const answer& b) {
    return std::tie(a.execution, a.what, a.number) < std::tie(b.execution, b.what, b.number);
  });
  next_ = told_.cbegin();
  seen_ = 0;
  found_ = {};
}

void work_history::see(const stored_execution& row) {
  ++seen_;
  for (; next_ != told_.cend() && next_->execution < row.id; ++next_)
    found_.add("told of, but not there", text_of(next_->execution));
  const auto from = next_;
  while (next_ != told_.cend() && next_->execution == row.id)
    ++next_;
  judge_claim(row, from, next_);
  judge_report(row, from, next_);
  judge_state(row);
}

faults work_history::end_judging(std::uint64_t executions) {
  for (; next_ != told_.cend(); ++next_)
    found_.add("told of, but not there", text_of(next_->execution));
  if (seen_ != executions)
    found_.add("executions came or went",
               std::to_string(executions) + " at the beginning, " + std::to_string(seen_) + " at the end");
  return std::move(found_);
}

void work_history::judge_claim(const stored_execution& row, answers from, answers to) {
  std::size_t winners = 0;
  std::uint32_t winner = nobody;
  bool possible = false; // that the row's worker has claimed it without having been told
  for (auto a = from; a != to; ++a) {
    if (a->what == kind::claimed) {
      ++winners;
      winner = a->number;
    }
    possible = possible || (a->what == kind::claim_in_doubt && a->number == row.worker);
  }
  if (winners > 1)
    found_.add("claimed by more than one request, as they were told", text_of(row.id));
  else if (winners == 1 && row.worker != winner)
    found_.add("told claimed, but held by another worker or none", numbered(row.id, winner, row.worker));
  if (winners > 0 || row.worker == nobody || possible)
    return;
  const auto unknown = unknown_claims_.find(row.worker);
  if (unknown != unknown_claims_.end() && unknown->second > 0)
    --unknown->second;
  else
    found_.add("held by a worker that was not told so", numbered(row.id, nobody, row.worker));
}

void work_history::judge_report(const stored_execution& row, answers from, answers to) {
  std::size_t winners = 0;
  std::uint32_t winner = nobody;
  bool possible = false;
  for (auto a = from; a != to; ++a) {
    if (a->what == kind::recorded) {
      ++winners;
      winner = a->number;
    }
    possible = possible || (a->what == kind::report_in_doubt && a->number == row.report);
  }
  if (winners > 1)
    found_.add("recorded more than once, as clients were told", text_of(row.id));
  else if (winners == 1 && !row.outcome_recorded)
    found_.add("told recorded, but there is no outcome", numbered(row.id, winner, row.report));
  else if (winners == 1 && (row.report != winner || !row.outcome_success))
    found_.add("told recorded, but the outcome is another", numbered(row.id, winner, row.report));
  if (winners == 0 && row.outcome_recorded && !possible)
    found_.add("has an outcome that nobody was told of", numbered(row.id, nobody, row.report));
}

void work_history::judge_state(const stored_execution& row) {
  const bool claimed = row.worker != nobody && row.claimed_at;
  bool sound = false;
  switch (row.status) {
  case execution_status::pending:
    sound = row.worker == nobody && !row.claimed_at && row.attempts == 0 && !row.outcome_recorded && !row.delivered;
    break;
  case execution_status::delivering:
    sound = claimed && row.attempts == 1 && !row.outcome_recorded && !row.delivered;
    break;
  case execution_status::success:
    sound = claimed && row.attempts == 1 && row.outcome_recorded && row.outcome_success && row.delivered;
    break;
  default: // no handler has reported a failure, and nobody was given the time to fall silent
    break;
  }
  if (!sound)
    found_.add("in a state that it cannot be in", text_of(row.id) + " (" + std::string{to_text(row.status)} + ", " +
                                                      std::to_string(row.attempts) + " attempts)");
}

} // namespace cued::bench
