#include "bench/contest/all_contests.hpp"

#include "bench/contest/api_rival.hpp"
#include "bench/contest/bare_commits.hpp"
#include "bench/contest/ceiling.hpp"
#include "bench/contest/own_server.hpp"
#include "bench/contest/peer.hpp"
#include "bench/scenarios/catalogue.hpp"

namespace cued::bench {
namespace {

peer_wish graphile(const std::string& mode, std::size_t jobs_per_second) {
  return {"Graphile Worker, " + mode,
          "graphile",
          {"node", "npm"},
          {"npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"},
          {"node", "run.mjs", "DSN", mode, "SECONDS", "JOBS"},
          "graphile",
          jobs_per_second};
}

peer_wish river(std::size_t workers, std::size_t jobs_per_second) {
  return {"River, " + std::to_string(workers) + " workers",
          "river",
          {"go"},
          {"go", "build", "-o", "river", "."},
          {"./river", "DSN", std::to_string(workers), "SECONDS", "JOBS"},
          "river",
          jobs_per_second};
}

load_shape shape_of(scenario_maker maker) { return maker()->usual_shape(); }

contest_field servers(contest_ground& ground) {
  contest_field out;
  out.push_back(own_server_by_api(ground));
  out.push_back(api_rival(ground));
  return out;
}

} // namespace

contest_field claims_field(contest_ground& ground) {
  auto shape = shape_of(claim_and_outcome_by_id);
  shape.connections = 128;
  contest_field out;
  out.push_back(own_server(ground, {"cued over HTTP, 128 connections", claim_and_outcome_by_id, shape}));
  out.push_back(ceiling(ground));
  out.push_back(own_server(ground, {"the same engine, one statement per request",
                                    claim_and_outcome_by_id,
                                    shape,
                                    {{"BATCH_ROWS", "1"}, {"SHARDS", "8"}},
                                    "one_by_one"}));
  out.push_back(bare_commits(ground, 1));
  out.push_back(bare_commits(ground, 16));
  return out;
}

contest_field jobs_field(contest_ground& ground) {
  contest_field out;
  out.push_back(own_server(ground, {"cued, claims and outcomes in batches", claim_and_outcome_in_batches,
                                    shape_of(claim_and_outcome_in_batches)}));
  out.push_back(peer(ground, graphile("tuned", 90'000)));
  out.push_back(peer(ground, graphile("default", 12'000)));
  out.push_back(peer(ground, river(2000, 60'000)));
  out.push_back(peer(ground, river(100, 40'000)));
  return out;
}

const std::vector<contest_maker>& all_contests() {
  static const std::vector<contest_maker> all{
      {"claims", "claims and outcomes per second: over HTTP, by the statements alone, and one statement per request",
       claims_field},
      {"jobs", "executions or jobs completed per second, against other job queues on Postgres", jobs_field},
      {"servers", "claims and outcomes per second through the API alone, against a server given by URL", servers},
  };
  return all;
}

} // namespace cued::bench
