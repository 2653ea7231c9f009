#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "bench/contest/contest.hpp"
#include "bench/contest/contest_ground.hpp"
#include "bench/measure/histogram.hpp"

/// The probe: what this machine's disk and Postgres do at all, right now. Each client commits one narrow row after the
/// other over a connection and a thread of its own; nobody who promises durability can answer sooner than one of these.
namespace cued::bench {

struct commit_reading {
  double per_second = 0;
  histogram latency;
};

/// In the database of `dsn`, in a table that it makes there.
[[nodiscard]] result<commit_reading> read_bare_commits(const std::string& dsn, std::size_t clients,
                                                       std::chrono::milliseconds duration);

[[nodiscard]] std::unique_ptr<contestant> bare_commits(contest_ground& ground, std::size_t clients);

} // namespace cued::bench
