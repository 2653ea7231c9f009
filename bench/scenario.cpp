#include "bench/scenario.hpp"

#include <sys/resource.h>

#include "bench/subject/held_snapshot.hpp"

namespace cued::bench {
namespace {

std::chrono::microseconds own_cpu() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto of = [](const timeval& t) {
    return std::chrono::seconds{t.tv_sec} + std::chrono::microseconds{t.tv_usec};
  };
  return of(used.ru_utime) + of(used.ru_stime);
}

} // namespace

struct meters::state {
  stage& at;
  bool hold_snapshot;
  std::unique_ptr<held_snapshot> snapshot;
  database_reading database;
  cpu_split cpu;

  cpu_split cpu_now() const {
    return {usage_of_process(at.subject.pid()).cpu, usage_of_family(at.subject.postgres_pid()).cpu, own_cpu()};
  }
};

meters::meters(stage& at, const load_shape& shape)
    : state_{std::make_unique<state>(state{at, shape.hold_snapshot, nullptr, {}, {}})} {}

meters::~meters() = default;

result<void> meters::begin() {
  const auto& dsn = state_->at.subject.dsn();
  if (state_->hold_snapshot) {
    auto held = held_snapshot::take(dsn);
    if (!held)
      return fail(held.error());
    state_->snapshot = std::move(*held);
  }
  if (!dsn.empty()) {
    const auto read = read_database(dsn);
    if (!read)
      return fail(read.error());
    state_->database = *read;
  }
  state_->cpu = state_->cpu_now();
  return {};
}

result<void> meters::end(measurement& out) {
  const auto now = state_->cpu_now();
  const auto& before = state_->cpu;
  out.cpu = {now.server - before.server, now.postgres - before.postgres, now.load - before.load};
  out.server_at_end = usage_of_process(state_->at.subject.pid());
  out.postgres_at_end = usage_of_family(state_->at.subject.postgres_pid());
  if (const auto& dsn = state_->at.subject.dsn(); !dsn.empty()) {
    const auto read = read_database(dsn);
    if (!read)
      return fail(read.error());
    out.spent = spent_between(state_->database, *read);
  }
  state_->snapshot.reset();
  return {};
}

void take_over(const load_result& from, measurement& into) {
  std::uint64_t counted = 0;
  for (const auto& kind : from.kinds) {
    into.latency[kind.name].merge(kind.latency);
    into.corrected_latency[kind.name].merge(kind.corrected_latency);
    counted += kind.succeeded;
    into.failures += kind.failed;
  }
  into.operations_per_second = static_cast<double>(counted) * 1e6 / static_cast<double>(from.measured.count());
  into.operations = from.succeeded_in_all;
  into.per_tick = from.succeeded_per_tick;
  into.failures += from.unsent;
  for (const auto& failure : from.first_failures)
    into.remarks.push_back(failure);
  if (from.unsent > 0)
    into.remarks.push_back(std::to_string(from.unsent) +
                           " planned requests were never sent: all connections were busy to the end");
  if (from.lost_connections > 0)
    into.remarks.push_back(std::to_string(from.lost_connections) + " connections were lost and made again");
}

} // namespace cued::bench
