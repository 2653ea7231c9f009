#include <algorithm>
#include <thread>

#include "bench/scenarios/bystander.hpp"
#include "bench/scenarios/catalogue.hpp"
#include "bench/scenarios/fire_account.hpp"
#include "bench/scenarios/fire_stage.hpp"

namespace cued::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t cues_of_a_storm = 10'000;
constexpr double bystander_rate = 200; ///< per second
constexpr std::size_t bystander_connections = 16;
constexpr auto bystander_warm_up = 1s;
constexpr auto calm = 5s;      ///< of the bystander, before the storm
constexpr auto aftermath = 2s; ///< and after it
constexpr auto patience = 90s; ///< for the last of the storm
constexpr auto look_every = 10ms;
enum stretch : std::size_t { before, during, after };

double milliseconds(std::chrono::microseconds value) { return static_cast<double>(value.count()) / 1000; }

/// When the last of the span was committed, to within `look_every`. Nothing: not in time.
result<std::optional<instant>> wait_for_commit(const std::string& dsn, const due_span& span,
                                               std::chrono::steady_clock::time_point until) {
  fire_watch watch{dsn};
  while (std::chrono::steady_clock::now() < until) {
    const auto done = watch.all_fired(span);
    if (!done)
      return fail(done.error());
    if (*done)
      return wall_clock_now();
    std::this_thread::sleep_for(look_every); // others' work in another process: it can only be looked at
  }
  return std::nullopt;
}

/// Many cues of several tenants are due at the same instant, while another tenant goes about its business.
class storm final : public scenario {
public:
  std::string_view name() const override { return "fire_storm"; }
  std::string_view description() const override {
    return "`batch` webhook cues due at the same instant, while another tenant works at a fixed rate";
  }
  load_shape usual_shape() const override {
    return {.connections = bystander_connections, .tenants = 16, .batch = cues_of_a_storm};
  }

  result<measurement> run(stage& at, const load_shape& shape) override {
    const auto& dsn = at.subject.dsn();
    auto tenants = make_tenants(dsn, shape.tenants + 1);
    if (!tenants)
      return fail(tenants.error());
    const auto quiet = tenants->back();
    tenants->pop_back();
    const auto seconds = std::chrono::duration<double>{bystander_warm_up + calm + patience + aftermath}.count();
    auto pending = make_pending(
        dsn, {quiet}, {static_cast<std::size_t>(bystander_rate * seconds / bystander::operations) + shape.connections});
    if (!pending)
      return fail(pending.error());
    auto fires = fire_stage::set(at, *tenants, {shape.batch});
    if (!fires)
      return fail(fires.error());

    measurement out;
    out.scenario = name();
    out.shape = shape;
    bystander other{quiet, std::move(pending->front()), shape.connections, {"before", "during", "after"}};
    if (auto done = rage(at, shape, *fires, other, out); !done)
      return fail(done.error());
    if (auto told = tell(dsn, *fires, out); !told)
      return fail(told.error());
    if (other.ran_out())
      out.remarks.push_back("the bystander had nothing left to claim");
    return out;
  }

private:
  static result<void> rage(stage& at, const load_shape& shape, const fire_stage& fires, bystander& other,
                           measurement& out) {
    const auto due = fires.span.first;
    wait_until(due - calm - bystander_warm_up, at, fires);
    load_plan plan{at.subject.host(),           at.subject.port(), shape.connections, bystander_warm_up,
                   calm + patience + aftermath, bystander_rate,    other.kinds()};
    running_load beside{plan, other};
    wait_until(due - 1s, at, fires);
    meters meter{at, shape};
    if (auto begun = meter.begin(); !begun)
      return begun;
    wait_until(due, at, fires);
    other.enter(during);
    const auto until = std::chrono::steady_clock::now() + patience;
    const auto committed = wait_for_commit(at.subject.dsn(), fires.span, until);
    if (!committed)
      return fail(committed.error());
    if (*committed)
      out.figures["committed_within_ms"] = milliseconds(**committed - due);
    fires.hook->wait_for(fires.cues, until);
    const auto recorded = wait_for_successes(at.subject.dsn(), fires, until);
    if (!recorded)
      return fail(recorded.error());
    other.enter(after);
    std::this_thread::sleep_for(aftermath); // the bystander's stretch of that length
    if (auto ended = meter.end(out); !ended)
      return ended;
    const auto load = beside.stop();
    if (!load)
      return fail(load.error());
    compare(*load, out);
    return {};
  }

  /// How the bystander fared.
  static void compare(const load_result& load, measurement& out) {
    take_over(load, out);
    out.corrected_latency.clear(); // at a fixed rate there is nothing to correct
    const auto calm_p99 = latency_in_stretch(load, before).percentile(99);
    const auto storm_p99 = latency_in_stretch(load, during).percentile(99);
    out.figures["bystander_p99_before_ms"] = milliseconds(calm_p99);
    out.figures["bystander_p99_during_ms"] = milliseconds(storm_p99);
    out.figures["bystander_p99_ratio"] =
        static_cast<double>(storm_p99.count()) / static_cast<double>(std::max<std::int64_t>(calm_p99.count(), 1));
  }

  static result<void> tell(const std::string& dsn, const fire_stage& fires, measurement& out) {
    const auto stored = read_fires(dsn, fires.span);
    if (!stored)
      return fail(stored.error());
    auto account = account_of(*stored, fires.hook->deliveries());
    out.lateness = std::move(account.lateness);
    const auto due = fires.span.first;
    if (account.arrived.size() == fires.cues)
      out.figures["delivered_within_ms"] = milliseconds(account.arrived.back() - due);
    if (account.succeeded.size() == fires.cues)
      out.figures["recorded_within_ms"] = milliseconds(account.succeeded.back() - due);
    out.figures["connections_per_webhook"] = static_cast<double>(fires.hook->connections()) /
                                             static_cast<double>(std::max<std::uint64_t>(fires.hook->count(), 1));
    out.operations = account.succeeded.size();
    out.operations_per_second = 0;
    if (!account.succeeded.empty())
      out.operations_per_second = static_cast<double>(account.succeeded.size()) /
                                  std::chrono::duration<double>{account.succeeded.back() - due}.count();
    const auto length = account.succeeded.empty() ? 0us : account.succeeded.back() - due + 100ms;
    out.per_tick = per_tick(account.succeeded, due, length);
    return examine_webhooks(dsn, fires.span, *fires.hook, {}, out);
  }
};

} // namespace

std::unique_ptr<scenario> fire_storm() { return std::make_unique<storm>(); }

} // namespace cued::bench
