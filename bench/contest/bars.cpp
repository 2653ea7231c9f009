#include "bench/contest/bars.hpp"

#include <algorithm>

#include "bench/contest/all_contests.hpp"
#include "bench/contest/bare_commits.hpp"
#include "bench/contest/median.hpp"
#include "bench/scenarios/catalogue.hpp"

namespace cued::bench {
namespace {

/// The first contestant is the one that a bar is about; without it there is no figure.
result<contest_result> with_its_subject(contest_result table) {
  if (!table.lines.front().unavailable.empty())
    return fail(500, "no_figure", table.lines.front().name + ": " + table.lines.front().unavailable);
  return table;
}

/// p50 of claims and outcomes of one connection.
result<histogram> lone_operations(contest_ground& ground, std::chrono::seconds duration) {
  const auto work = claim_and_outcome_by_id();
  auto shape = work->usual_shape();
  shape.connections = 1;
  shape.duration = duration;
  stage at{ground.subject(), ground.wish().progress};
  const auto measured = work->run(at, shape);
  if (!measured)
    return fail(measured.error());
  histogram all;
  for (const auto& [kind, latency] : measured->latency)
    all.merge(latency);
  return all;
}

} // namespace

result<claims_bar> measure_claims(contest_ground& ground, std::size_t rounds, std::chrono::seconds duration) {
  auto field = claims_field(ground);
  auto table = with_its_subject(hold_contest("claims", field, rounds, duration));
  if (!table)
    return fail(table.error());
  return claims_bar{table->lines[1].ratio_median, table->lines[2].ratio_median, std::move(*table)};
}

result<lone_request_bar> measure_lone_requests(contest_ground& ground, std::size_t rounds,
                                               std::chrono::seconds duration) {
  const auto dsn = ground.database("bare");
  if (!dsn)
    return fail(dsn.error());
  lone_request_bar out;
  std::vector<double> ratios;
  for (std::size_t i = 0; i < rounds; ++i) {
    const auto commits = read_bare_commits(*dsn, 1, duration);
    if (!commits)
      return fail(commits.error());
    const auto operations = lone_operations(ground, duration);
    if (!operations)
      return fail(operations.error());
    out.commit.merge(commits->latency);
    out.operation.merge(*operations);
    if (const auto commit = commits->latency.percentile(50); commit.count() > 0)
      ratios.push_back(static_cast<double>(operations->percentile(50).count()) / static_cast<double>(commit.count()));
  }
  if (ratios.empty())
    return fail(500, "no_figure", "nothing was measured");
  out.ratio_low = std::ranges::min(ratios);
  out.ratio_high = std::ranges::max(ratios);
  out.over_bare_commit = median_of(std::move(ratios));
  return out;
}

result<jobs_bar> measure_jobs(contest_ground& ground, std::size_t rounds, std::chrono::seconds duration) {
  auto field = jobs_field(ground);
  auto table = with_its_subject(hold_contest("jobs", field, rounds, duration));
  if (!table)
    return fail(table.error());
  const auto& many = table->lines[3];
  const auto& few = table->lines[4];
  const double over_river = many.median >= few.median ? many.ratio_median : few.ratio_median;
  return jobs_bar{table->lines[1].ratio_median, over_river, std::move(*table)};
}

} // namespace cued::bench
