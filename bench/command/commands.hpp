#pragma once

#include "bench/command/options.hpp"
#include "bench/command/progress.hpp"
#include "bench/report/report.hpp"

/// What the program can be told to do. Each fills the report as it goes along, so that what was measured before a
/// failure is not lost. Standard output gets each result as soon as it is there.
namespace cued::bench {

void list_everything();
[[nodiscard]] result<void> run_scenarios(const options& typed, progress& telling, report& out);
[[nodiscard]] result<void> compare_with_others(const options& typed, progress& telling, report& out);
[[nodiscard]] result<void> measure_all_growth(const options& typed, progress& telling, report& out);
/// All ten promises about speed; one that cannot be measured is reported so, and the others are measured.
[[nodiscard]] result<void> measure_bars(const options& typed, progress& telling, report& out);

} // namespace cued::bench
