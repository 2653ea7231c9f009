#include "bench/contest/ceiling.hpp"

#include <algorithm>
#include <array>

#include "bench/contest/together.hpp"
#include "bench/subject/fixture.hpp"
#include "persistence/claim_store.hpp"
#include "persistence/outcome_store.hpp"

namespace cued::bench {
namespace {

using persistence::claim_attempt;
using persistence::reported_outcome;
using steady = std::chrono::steady_clock;

constexpr std::size_t tenants = 16; // as many as the scenario over HTTP has
constexpr std::size_t rows_per_second_at_most = 40'000;
constexpr std::chrono::milliseconds trial{1500};

struct manner {
  std::size_t batch, connections;
};
constexpr std::array<manner, 6> manners{{{100, 1}, {250, 1}, {500, 1}, {100, 2}, {250, 2}, {500, 2}}};

struct row {
  std::string user_id, execution_id;
};

/// One execution of each tenant in turn, as requests of many tenants come mixed.
result<std::vector<row>> lay_out(const std::string& dsn, std::size_t rows) {
  if (const auto cleared = clear_stage(dsn); !cleared)
    return fail(cleared.error());
  const auto accounts = make_tenants(dsn, tenants);
  if (!accounts)
    return fail(accounts.error());
  const auto ids = make_pending(dsn, *accounts, {.per_tenant = rows / tenants});
  if (!ids)
    return fail(ids.error());
  std::vector<row> out;
  out.reserve(rows);
  for (std::size_t i = 0; i < rows / tenants; ++i)
    for (std::size_t t = 0; t < tenants; ++t)
      out.push_back({(*accounts)[t].user_id, (*ids)[t][i]});
  return out;
}

/// Claims a batch and reports its outcomes, then the next one; every `stride`-th batch, from the `first` on.
result<std::size_t> work_off(const std::string& dsn, const std::vector<row>& rows, std::size_t batch, std::size_t first,
                             std::size_t stride, steady::time_point end) {
  persistence::postgres_claim_store claims{{dsn, "cued-bench"}};
  persistence::postgres_outcome_store outcomes{{dsn, "cued-bench"}};
  const wall_clock clock;
  std::size_t operations = 0;
  for (std::size_t at = first * batch; at + batch <= rows.size() && steady::now() < end; at += stride * batch) {
    std::vector<claim_attempt> attempts;
    std::vector<reported_outcome> reports;
    for (std::size_t i = at; i < at + batch; ++i) {
      attempts.push_back({rows[i].user_id, rows[i].execution_id, "bench"});
      auto& report = reports.emplace_back();
      report.user_id = rows[i].user_id;
      report.execution_id = rows[i].execution_id;
      report.success = true;
      report.result = "done";
    }
    const auto won = claims.claim(attempts, clock.now());
    if (!won)
      return fail(won.error());
    const auto recorded = outcomes.record_outcomes(reports, clock.now());
    if (!recorded)
      return fail(recorded.error());
    if (std::ranges::any_of(*won, [](const auto& one) { return !one; }) ||
        std::ranges::any_of(
            *recorded, [](const auto& one) { return one.what != persistence::recorded_outcome::verdict::recorded; }))
      return fail(500, "ceiling_failed", "a claim or an outcome was refused");
    operations += 2 * batch;
  }
  return operations;
}

class ceiling_contestant final : public contestant {
public:
  explicit ceiling_contestant(contest_ground& ground) : ground_{ground} {}

  std::string_view name() const override { return name_; }

  result<void> prepare() override {
    double best = 0;
    for (const auto& how : manners) {
      ground_.wish().progress("looking for the ceiling: batches of " + std::to_string(how.batch) + ", " +
                              std::to_string(how.connections) + " connections");
      const auto speed = measure(how, trial);
      if (!speed)
        return fail(speed.error());
      if (*speed > best) {
        best = *speed;
        chosen_ = how;
      }
    }
    name_ = "the ceiling: statements alone, batches of " + std::to_string(chosen_.batch) + ", " +
            std::to_string(chosen_.connections) + (chosen_.connections == 1 ? " connection" : " connections");
    return {};
  }

  result<double> round(std::chrono::seconds duration) override { return measure(chosen_, duration); }

private:
  result<double> measure(const manner& how, std::chrono::milliseconds duration) {
    const auto& dsn = ground_.subject().dsn();
    const auto rows = lay_out(dsn, rows_per_second_at_most * static_cast<std::size_t>(duration.count()) / 1000);
    if (!rows)
      return fail(rows.error());
    const auto begin = steady::now();
    const auto done = together(how.connections, [&](std::size_t i) {
      return work_off(dsn, *rows, how.batch, i, how.connections, begin + duration);
    });
    const std::chrono::duration<double> took = steady::now() - begin;
    if (!done)
      return fail(done.error());
    std::size_t operations = 0;
    for (const auto one : *done)
      operations += one;
    return static_cast<double>(operations) / took.count();
  }

  contest_ground& ground_;
  manner chosen_ = manners.front();
  std::string name_ = "the ceiling";
};

} // namespace

std::unique_ptr<contestant> ceiling(contest_ground& ground) { return std::make_unique<ceiling_contestant>(ground); }

} // namespace cued::bench
