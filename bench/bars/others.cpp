#include "bench/bars/others.hpp"

#include "bench/bars/court.hpp"
#include "bench/contest/bars.hpp"
#include "bench/report/figures.hpp"

namespace cued::bench {
namespace {

constexpr double of_ceiling_at_least = 0.7, over_single_statements_at_least = 5;
constexpr double over_bare_commit_at_most = 2;
constexpr double over_graphile_at_least = 1, over_river_at_least = 1.5;

/// The ratios of one line of the table, with their spread.
std::string with_spread(double ratio, const contest_result::line& of) {
  return short_number(ratio) + " (" + short_number(of.ratio_low) + " to " + short_number(of.ratio_high) + ")";
}

void add_ratio(report& out, std::string name, double ratio, double at_least, const contest_result::line& of) {
  const auto wanted = ">= " + short_number(at_least);
  if (!of.unavailable.empty())
    add_unavailable(out, std::move(name), wanted, {503, "no_figure", of.unavailable, {}, std::nullopt});
  else
    add_bar(out, std::move(name), wanted, with_spread(ratio, of), ratio >= at_least);
}

void judge_claims(contest_ground& ground, std::size_t rounds, std::chrono::seconds duration, report& out) {
  auto measured = measure_claims(ground, rounds, duration);
  if (!measured)
    return add_unavailable(out, "1 claims and outcomes over HTTP", ">= 0.7 of the ceiling, >= 5x", measured.error());
  const auto& lines = measured->table.lines;
  add_ratio(out, "1 over HTTP, of the ceiling", measured->of_ceiling, of_ceiling_at_least, lines[1]);
  add_ratio(out, "1 over one statement per request", measured->over_one_statement_each, over_single_statements_at_least,
            lines[2]);
  out.contests.push_back(std::move(measured->table));
}

void judge_lone_requests(contest_ground& ground, std::size_t rounds, std::chrono::seconds duration, report& out) {
  const std::string name = "2 one connection: p50 over that of a bare commit", wanted = "<= 2";
  const auto measured = measure_lone_requests(ground, rounds, duration);
  if (!measured)
    return add_unavailable(out, name, wanted, measured.error());
  add_bar(out, name, wanted,
          short_number(measured->over_bare_commit) + " (" + short_number(measured->ratio_low) + " to " +
              short_number(measured->ratio_high) + ")",
          measured->over_bare_commit <= over_bare_commit_at_most);
}

void judge_jobs(contest_ground& ground, std::size_t rounds, std::chrono::seconds duration, report& out) {
  auto measured = measure_jobs(ground, rounds, duration);
  if (!measured)
    return add_unavailable(out, "4 completed executions in batches", ">= Graphile Worker, >= 1.5x River",
                           measured.error());
  const auto& lines = measured->table.lines;
  const auto& river = lines[3].median >= lines[4].median ? lines[3] : lines[4];
  add_ratio(out, "4 completed executions, over Graphile Worker tuned", measured->over_graphile_tuned,
            over_graphile_at_least, lines[1]);
  add_ratio(out, "4 completed executions, over River", measured->over_river, over_river_at_least, river);
  out.contests.push_back(std::move(measured->table));
}

} // namespace

void judge_against_others(contest_ground& ground, std::size_t rounds, std::chrono::seconds duration, report& out) {
  judge_claims(ground, rounds, duration, out);
  judge_lone_requests(ground, rounds, duration, out);
  judge_jobs(ground, rounds, duration, out);
}

} // namespace cued::bench
