#pragma once

#include <string>
#include <vector>

#include "domain/instant.hpp"
#include "domain/schedule.hpp"

namespace cued::simulation {

/// A stretch of time in which some zones change their clocks.
struct window {
  std::string name;
  instant start;
  std::chrono::hours length;
  std::size_t cues;
  std::vector<std::string> zones;
};

/// The windows of a run: two whole days and some shorter ones, all in a past year: rows are stamped with Postgres' own
/// clock, and what was written just now must not look old to an engine that lives in the window.
[[nodiscard]] std::vector<window> windows();

struct planned_cue {
  std::string id;
  schedule when;
  bool webhook = false; ///< else its executions wait for a worker
};

/// The cues of a window: every kind of schedule of spec/cues.md §7 in turn, with numbers drawn around the window's
/// days. The same window always gives the same cues.
[[nodiscard]] std::vector<planned_cue> cues_of(const window& w);

} // namespace cued::simulation
