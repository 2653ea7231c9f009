#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "domain/schedule.hpp"

/// When a schedule would run, and what a change of clocks does to it. Pure.
namespace cued {

/// One run that would come.
struct previewed_run {
  instant at;
  std::chrono::minutes offset;     ///< of the schedule's zone from UTC at that instant
  std::optional<std::string> note; ///< for people: why the clock on the wall shows something else than expected
};

/// The next `count` runs after `after`, fewer where the schedule ends before. They are the instants at which the clock
/// will fire, by the same search. Notes are given where a local time of the schedule
///   does not exist: it runs at the end of the gap, or is left out (expressions for every hour), or coincides with
///   another run;
///   comes twice: which of the two this is.
/// Errors as of next_run_after().
[[nodiscard]] result<std::vector<previewed_run>> preview_schedule(const schedule& stored, std::uint64_t seed,
                                                                  instant after, int count, overlap policy);

} // namespace cued
