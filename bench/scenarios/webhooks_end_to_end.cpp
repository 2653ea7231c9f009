#include <algorithm>

#include "bench/scenarios/catalogue.hpp"
#include "bench/scenarios/fire_account.hpp"
#include "bench/scenarios/fire_stage.hpp"

namespace cued::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t usual_backlog = 30'000;
constexpr double skipped_percent = 5; ///< at both ends
constexpr auto patience = 120s;

/// A backlog of webhook cues becomes due at once and is worked off: fire, signed POST, 2xx, written down. The rate is
/// that of successes in Postgres, by their instants, without the first and the last few percent; every webhook is also
/// fired within the measurement, so nothing is left out of the costs.
class backlog final : public scenario {
public:
  std::string_view name() const override { return "webhooks_end_to_end"; }
  std::string_view description() const override {
    return "a backlog of webhooks worked off: fired, signed, answered with 2xx, recorded (`batch` of them)";
  }
  load_shape usual_shape() const override {
    return {.connections = 0, .tenants = 16, .duration = 0s, .warm_up = 0s, .batch = usual_backlog};
  }
  std::map<std::string, std::string> server_settings() const override {
    return {{"WEBHOOK_CONCURRENCY_PER_WORKER", "200"}};
  }

  result<measurement> run(stage& at, const load_shape& shape) override {
    const auto& dsn = at.subject.dsn();
    const auto tenants = make_tenants(dsn, shape.tenants);
    if (!tenants)
      return fail(tenants.error());
    const auto fires = fire_stage::set(at, *tenants, {shape.batch});
    if (!fires)
      return fail(fires.error());

    measurement out;
    out.scenario = name();
    out.shape = shape;
    wait_until(fires->span.first - 500ms, at, *fires);
    meters meter{at, shape};
    if (auto begun = meter.begin(); !begun)
      return fail(begun.error());
    wait_until(fires->span.first, at, *fires);
    const auto until = std::chrono::steady_clock::now() + patience;
    watch(at, *fires, until);
    const auto recorded = wait_for_successes(dsn, *fires, std::max(until, std::chrono::steady_clock::now() + 5s));
    if (!recorded)
      return fail(recorded.error());
    if (auto ended = meter.end(out); !ended)
      return fail(ended.error());
    if (auto told = tell(dsn, *fires, out); !told)
      return fail(told.error());
    return out;
  }

private:
  static void watch(stage& at, const fire_stage& fires, std::chrono::steady_clock::time_point until) {
    for (bool all = false; !all && std::chrono::steady_clock::now() < until;) {
      all = fires.hook->wait_for(fires.cues, std::min(until, std::chrono::steady_clock::now() + 1s));
      at.progress(std::to_string(fires.hook->count()) + " of " + std::to_string(fires.cues) + " webhooks");
    }
  }

  static result<void> tell(const std::string& dsn, const fire_stage& fires, measurement& out) {
    const auto stored = read_fires(dsn, fires.span);
    if (!stored)
      return fail(stored.error());
    auto account = account_of(*stored, fires.hook->deliveries());
    out.lateness = std::move(account.lateness);
    out.operations = account.succeeded.size();
    out.operations_per_second = steady_rate(account.succeeded, skipped_percent);
    if (!account.succeeded.empty()) {
      const auto due = fires.span.first;
      const auto took = account.succeeded.back() - due;
      out.figures["from_due_to_last_ms"] = static_cast<double>(took.count()) / 1000;
      out.figures["with_start_and_end_per_second"] =
          static_cast<double>(account.succeeded.size()) / std::chrono::duration<double>{took}.count();
      out.per_tick = per_tick(account.succeeded, due, took + 100ms);
    }
    out.figures["connections_per_webhook"] = static_cast<double>(fires.hook->connections()) /
                                             static_cast<double>(std::max<std::uint64_t>(fires.hook->count(), 1));
    return examine_webhooks(dsn, fires.span, *fires.hook, {}, out);
  }
};

} // namespace

std::unique_ptr<scenario> webhooks_end_to_end() { return std::make_unique<backlog>(); }

} // namespace cued::bench
