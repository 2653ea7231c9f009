#include "bench/scenarios/fire_history.hpp"

#include <algorithm>

#include "domain/timestamp.hpp"

namespace cued::bench {
namespace {

std::string text_of_due(std::uint64_t cue, instant at) { return text_of_cue(cue) + "@" + format_z(at); }

} // namespace

void fire_history::reserve(std::size_t executions) {
  expected_.reserve(executions);
  heard_.reserve(executions);
  rows_.reserve(executions);
}

void fire_history::holds(const stored_execution& row) {
  rows_.push_back({{row.cue, row.scheduled_for}, row.id, row.status, false});
}

faults fire_history::judge(const rules& by) {
  faults out;
  std::sort(expected_.begin(), expected_.end());
  std::sort(rows_.begin(), rows_.end());
  judge_instants(out);
  std::sort(heard_.begin(), heard_.end());
  std::sort(rows_.begin(), rows_.end(), [](const fired& a, const fired& b) { return a.id < b.id; });
  judge_deliveries(by, out);
  return out;
}

void fire_history::judge_instants(faults& out) {
  auto row = rows_.begin();
  for (auto of_cue = expected_.begin(); of_cue != expected_.end();) {
    const auto cue = of_cue->cue;
    while (row != rows_.end() && row->when.cue < cue)
      ++row;
    const auto next_cue = std::find_if(of_cue, expected_.end(), [&](const due& d) { return d.cue != cue; });
    for (; row != rows_.end() && row->when.cue == cue; ++row) {
      row->judged = true;
      for (; of_cue != next_cue && of_cue->at < row->when.at; ++of_cue)
        out.add("never fired", text_of_due(cue, of_cue->at));
      const bool again = row != rows_.begin() && std::prev(row)->when == row->when;
      if (again)
        out.add("fired more than once for one instant", text_of_due(cue, row->when.at));
      else if (of_cue == next_cue || of_cue->at != row->when.at)
        out.add("fired for an instant at which it was not due", text_of_due(cue, row->when.at));
      else
        ++of_cue;
    }
    for (; of_cue != next_cue; ++of_cue)
      out.add("never fired", text_of_due(cue, of_cue->at));
  }
}

void fire_history::judge_deliveries(const rules& by, faults& out) {
  auto heard = heard_.begin();
  for (const auto& row : rows_) {
    for (; heard != heard_.end() && *heard < row.id; ++heard)
      out.add("heard of by a receiver, but not there", text_of(*heard));
    std::size_t times = 0;
    for (; heard != heard_.end() && *heard == row.id; ++heard)
      ++times;
    if (!row.judged)
      continue;
    const bool succeeded = row.status == execution_status::success;
    if (times == 0 && succeeded)
      out.add("written down as delivered, but no receiver heard of it", text_of(row.id));
    else if (times == 0 && by.all_delivered)
      out.add("never delivered", text_of(row.id));
    else if (times > 1 && by.exactly_once)
      out.add("delivered more than once", text_of(row.id));
    if (times > 0 && !succeeded && by.all_delivered && by.all_answered_2xx)
      out.add("delivered, but not written down", text_of(row.id));
  }
  for (; heard != heard_.end(); ++heard)
    out.add("heard of by a receiver, but not there", text_of(*heard));
}

} // namespace cued::bench
