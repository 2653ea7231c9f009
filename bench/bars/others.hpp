#pragma once

#include <chrono>

#include "bench/contest/contest_ground.hpp"
#include "bench/report/report.hpp"

namespace cued::bench {

/// The promises that are ratios to others in the same run: 1, 2 and 4.
void judge_against_others(contest_ground& ground, std::size_t rounds, std::chrono::seconds duration, report& out);

} // namespace cued::bench
