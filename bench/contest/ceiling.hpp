#pragma once

#include <memory>

#include "bench/contest/contest.hpp"
#include "bench/contest/contest_ground.hpp"

namespace cued::bench {

/// What the engine's own statements do without the engine: its stores, called directly with full batches over one or
/// two connections, on the same Postgres and the same kind of rows; no HTTP, no actors, no waiting for callers.
/// `prepare` tries several sizes of batches and numbers of connections and keeps the best, so that the ceiling is not a
/// straw man. Operations are claims and outcomes, each counted as one, as in the scenarios over HTTP.
[[nodiscard]] std::unique_ptr<contestant> ceiling(contest_ground& ground);

} // namespace cued::bench
