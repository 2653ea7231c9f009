#include "bench/scenarios/workplace.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "bench/scenarios/history_reader.hpp"
#include "bench/scenarios/measured_load.hpp"

namespace cued::bench {
namespace {

/// What a run can use up at the most: never so few that it ends early on a faster machine, yet made in seconds.
std::size_t executions_wanted(const load_shape& shape, const way_of_working& way) {
  const double seconds = static_cast<double>((shape.duration + shape.warm_up).count());
  const double by_all = std::min(way.executions_per_second_of_one * static_cast<double>(shape.connections),
                                 way.executions_per_second_of_all);
  const auto of_a_request = static_cast<double>(way.executions_of_a_request);
  const double by_rate = shape.rate > 0 ? shape.rate * of_a_request : by_all; // one request in two takes executions
  return static_cast<std::size_t>(std::ceil(std::min(by_all, by_rate) * seconds + of_a_request));
}

result<workplace> set_stage(stage& at, const load_shape& shape, const way_of_working& way) {
  auto tenants = fresh_tenants(at, shape);
  if (!tenants)
    return fail(std::move(tenants.error()));
  const auto wanted = executions_wanted(shape, way);
  at.progress("making " + std::to_string(wanted) + " pending executions");
  pending_wish wish;
  wish.per_tenant = (wanted + shape.tenants - 1) / shape.tenants;
  wish.cues_per_tenant = std::min(shape.cues, wish.per_tenant);
  auto pending = make_pending(at.subject.dsn(), *tenants, wish);
  if (!pending)
    return fail(std::move(pending.error()));
  return workplace{std::move(*tenants), *pending, shape.connections};
}

result<void> check_history(stage& at, workplace& place, measurement& out) {
  at.progress("checking the history of " + std::to_string(place.executions()) + " executions");
  place.told.begin_judging();
  auto read = for_each_execution(at.subject.dsn(), [&](const stored_execution& row) { place.told.see(row); });
  if (!read)
    return read;
  out.history_faults = place.told.end_judging(place.executions()).texts();
  return {};
}

/// Where operations are executions and not requests: how many of them the counted requests stand for.
void count_executions(const load_result& load, const working& workers, measurement& out) {
  const auto& reports = load.kinds.back();
  std::uint64_t requests = 0;
  for (const auto& kind : load.kinds)
    requests += kind.succeeded;
  out.operations = workers.completed();
  out.operations_per_second = 0;
  if (reports.succeeded == 0 || requests == 0)
    return;
  const double of_a_report = static_cast<double>(workers.completed()) / static_cast<double>(workers.reports());
  const double counted = of_a_report * static_cast<double>(reports.succeeded);
  out.operations_per_second = counted * 1e6 / static_cast<double>(load.measured.count());
  for (auto& tick : out.per_tick)
    tick = static_cast<std::uint64_t>(static_cast<double>(tick) * counted / static_cast<double>(requests));
}

} // namespace

workplace::workplace(std::vector<tenant> tenants, const std::vector<std::vector<std::string>>& pending,
                     std::size_t connections)
    : tenants_{std::move(tenants)}, pending_(tenants_.size()), taken_(tenants_.size()),
      turn_(connections), connections_{connections} {
  for (std::size_t t = 0; t < tenants_.size(); ++t) {
    requests_.emplace_back(tenants_[t].api_key);
    pending_[t].reserve(pending[t].size());
    for (const auto& id : pending[t])
      if (const auto key = read_execution_key(id))
        pending_[t].push_back(*key);
    executions_ += pending_[t].size();
  }
  left_ = executions_;
  for (std::size_t c = 0; c < connections; ++c)
    turn_[c] = c % tenants_.size();
  told.reserve(2 * executions_);
}

workplace::share workplace::take(std::size_t connection, std::size_t at_most) {
  auto& turn = turn_[connection];
  for (std::size_t tried = 0; tried < tenants_.size(); ++tried) {
    const auto t = turn;
    const auto count = std::min(at_most, pending_[t].size() - taken_[t]);
    if (count > 0) {
      if (connections_ < tenants_.size())
        turn = (t + connections_) % tenants_.size();
      taken_[t] += count;
      left_ -= count;
      return {t, taken_[t] - count, count};
    }
    turn = (t + 1) % tenants_.size();
  }
  return {};
}

verdict verdict_of(const incoming& answer) {
  if (answer.status == 200)
    return verdict::done;
  return answer.status == 0 || answer.status >= 500 ? verdict::in_doubt : verdict::refused;
}

result<measurement> run_work(stage& at, const load_shape& shape, const way_of_working& way) {
  auto place = set_stage(at, shape, way);
  if (!place)
    return fail(std::move(place.error()));
  const auto workers = way.begin(*place, shape);

  measurement out;
  out.scenario = way.name;
  out.shape = shape;
  auto load = run_measured(at, shape, way.kinds, *workers, out);
  if (!load)
    return fail(std::move(load.error()));
  if (way.counts_executions)
    count_executions(*load, *workers, out);
  out.figures["executions_completed"] = static_cast<double>(workers->completed());
  if (place->is_empty())
    out.remarks.push_back("the pending executions ran out, so the run ended early");
  if (auto checked = check_history(at, *place, out); !checked)
    return fail(std::move(checked.error()));
  return out;
}

} // namespace cued::bench
