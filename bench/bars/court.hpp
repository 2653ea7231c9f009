#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/report/report.hpp"
#include "bench/scenario.hpp"

/// What the ten promises about speed are measured with. Each function measures one promise or two, adds its runs and
/// its bars to the report, and adds a bar that says why where it could not.
namespace cued::bench {

/// What all of them need. `place` gives the stage of a server with such settings, emptied.
struct court {
  std::function<result<stage>(const scenario& needing)> place;
  std::size_t rounds = 3;
  std::chrono::seconds duration{5};
  std::function<void(const std::string&)> topic;
  report& out;
};

/// One run, kept in the report. A history with a fault is an error: speed without correctness does not count.
[[nodiscard]] result<measurement> run_for(court& at, scenario_maker make,
                                          const std::function<void(load_shape&)>& changed = {});

void judge_connections(court& at);   ///< 3, and 9's commits and WAL bytes at saturation
void judge_lateness(court& at);      ///< 5
void judge_storm(court& at);         ///< 6
void judge_webhooks(court& at);      ///< 7
void judge_reads(court& at);         ///< 8
void judge_held_snapshot(court& at); ///< 10

/// Of the report's bars.
void add_bar(report& out, std::string name, std::string wanted, std::string measured, bool met);
void add_unavailable(report& out, std::string name, std::string wanted, const error& why);

} // namespace cued::bench
