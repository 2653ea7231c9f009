#pragma once

#include <chrono>
#include <cstddef>

#include "bench/contest/contest.hpp"
#include "bench/contest/contest_ground.hpp"
#include "bench/measure/histogram.hpp"

/// The bars that are ratios to others in the same run. Figures only; what they must be is for the command to say.
namespace cued::bench {

/// Claims and outcomes by id over HTTP, 128 connections.
struct claims_bar {
  double of_ceiling = 0;              ///< median of the rounds' ratios; 1: HTTP and actors cost nothing
  double over_one_statement_each = 0; ///< the same against the engine that sends one statement per request
  contest_result table;
};
[[nodiscard]] result<claims_bar> measure_claims(contest_ground& ground, std::size_t rounds,
                                                std::chrono::seconds duration);

/// One request at a time, against one bare commit at a time, in turn.
struct lone_request_bar {
  double over_bare_commit = 0;          ///< median over the rounds of p50 / p50
  double ratio_low = 0, ratio_high = 0; ///< its spread
  histogram operation, commit;          ///< of all rounds
};
[[nodiscard]] result<lone_request_bar> measure_lone_requests(contest_ground& ground, std::size_t rounds,
                                                             std::chrono::seconds duration);

/// Executions completed by the batch routes, against jobs completed by other queues; 0: that one is not available.
struct jobs_bar {
  double over_graphile_tuned = 0;
  double over_river = 0; ///< with the number of workers that serves it better
  contest_result table;
};
[[nodiscard]] result<jobs_bar> measure_jobs(contest_ground& ground, std::size_t rounds, std::chrono::seconds duration);

} // namespace cued::bench
