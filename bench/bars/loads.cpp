#include <algorithm>
#include <array>
#include <limits>

#include "bench/bars/court.hpp"
#include "bench/contest/median.hpp"
#include "bench/report/figures.hpp"
#include "bench/scenarios/catalogue.hpp"

namespace cued::bench {
namespace {

constexpr std::array<std::size_t, 5> ladder{4, 16, 64, 256, 1000};
/// Two medians of the same load on a busy machine differ by this much without any reason.
constexpr double noise = 0.05;
constexpr double commits_at_most = 0.1, wal_bytes_at_most = 2000;
constexpr double reads_at_least = 15'000;
constexpr double snapshot_cost_at_most = 0.05;

histogram all_kinds(const measurement& m) {
  histogram out;
  for (const auto& [kind, latency] : m.latency)
    out.merge(latency);
  return out;
}

struct step {
  std::vector<double> per_second, p99_ms;
};

void judge_costs(court& at, const measurement& saturated) {
  const auto c = costs_of(saturated);
  add_bar(at.out, "9 commits per operation at saturation", "< 0.1", short_number(c.commits_per_operation.value_or(1)),
          c.commits_per_operation && *c.commits_per_operation < commits_at_most);
  add_bar(at.out, "9 WAL per operation at saturation", "< 2 kB", short_bytes(c.wal_bytes_per_operation.value_or(0)),
          c.wal_bytes_per_operation && *c.wal_bytes_per_operation < wal_bytes_at_most);
}

} // namespace

void judge_connections(court& at) {
  const std::string throughput = "3 throughput, 4 to 1,000 connections", tail = "3 p99, 4 to 1,000 connections";
  const std::string never_falls = "never falls (5 % noise)", in_proportion = "grows no faster than connections";
  std::array<step, ladder.size()> steps;
  for (std::size_t round = 0; round < at.rounds; ++round)
    for (std::size_t i = 0; i < ladder.size(); ++i) {
      const auto measured = run_for(at, claim_and_outcome_by_id, [&](load_shape& shape) {
        shape.connections = ladder[i];
        shape.duration = at.duration;
      });
      if (!measured) {
        add_unavailable(at.out, throughput, never_falls, measured.error());
        add_unavailable(at.out, tail, in_proportion, measured.error());
        return;
      }
      steps[i].per_second.push_back(measured->operations_per_second);
      steps[i].p99_ms.push_back(static_cast<double>(all_kinds(*measured).percentile(99).count()) / 1000);
      if (round + 1 == at.rounds && ladder[i] == 256)
        judge_costs(at, *measured);
    }
  std::string speeds, tails;
  double best = 0;
  bool falls = false, faster = false;
  curve by_connections{"throughput by connections", "connections", "operations/s", {}};
  for (std::size_t i = 0; i < ladder.size(); ++i) {
    const auto speed = median_of(steps[i].per_second), p99 = median_of(steps[i].p99_ms);
    falls = falls || speed < best * (1 - noise);
    best = std::max(best, speed);
    const auto more = static_cast<double>(ladder[i]) / static_cast<double>(ladder[0]);
    faster = faster || p99 > median_of(steps[0].p99_ms) * more;
    speeds += (i == 0 ? "" : " ") + short_number(speed);
    tails += (i == 0 ? "" : " ") + short_number(p99);
    by_connections.points.emplace_back(static_cast<double>(ladder[i]), speed);
  }
  at.out.curves.push_back(std::move(by_connections));
  add_bar(at.out, throughput, never_falls, speeds + " /s", !falls);
  add_bar(at.out, tail, in_proportion, tails + " ms", !faster);
}

void judge_reads(court& at) {
  const std::string name = "8 GET of an execution", wanted = ">= 15,000/s";
  std::vector<double> speeds;
  for (std::size_t round = 0; round < at.rounds; ++round) {
    const auto measured = run_for(at, read_execution, [&](load_shape& shape) { shape.duration = at.duration; });
    if (!measured)
      return add_unavailable(at.out, name, wanted, measured.error());
    speeds.push_back(measured->operations_per_second);
  }
  const auto speed = median_of(std::move(speeds));
  add_bar(at.out, name, wanted, short_number(speed) + "/s", speed >= reads_at_least);
}

void judge_held_snapshot(court& at) {
  const std::string name = "10 a snapshot held for the whole run", wanted = "costs <= 5 %";
  std::vector<double> ratios;
  for (std::size_t round = 0; round < at.rounds; ++round) {
    std::array<double, 2> speed{};
    for (std::size_t turn = 0; turn < speed.size(); ++turn) {
      const bool held = (turn + round) % 2 == 1; // who begins takes turns
      const auto measured = run_for(at, claim_and_outcome_by_id, [&](load_shape& shape) {
        shape.duration = at.duration;
        shape.hold_snapshot = held;
      });
      if (!measured)
        return add_unavailable(at.out, name, wanted, measured.error());
      speed[held ? 1 : 0] = measured->operations_per_second;
    }
    ratios.push_back(speed[1] / speed[0]);
  }
  const auto [low, high] = std::minmax_element(ratios.begin(), ratios.end());
  const auto spread = " (" + short_number((1 - *high) * 100) + " to " + short_number((1 - *low) * 100) + ")";
  const auto cost = 1 - median_of(ratios);
  add_bar(at.out, name, wanted, short_number(cost * 100) + " %" + spread, cost <= snapshot_cost_at_most);
}

} // namespace cued::bench
