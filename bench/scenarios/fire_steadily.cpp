#include <algorithm>

#include "bench/scenarios/catalogue.hpp"
#include "bench/scenarios/fire_account.hpp"
#include "bench/scenarios/fire_stage.hpp"
#include "bench/scenarios/polling_workers.hpp"

namespace cued::bench {
namespace {

using namespace std::chrono_literals;

constexpr double usual_rate = 1'000;
constexpr auto usual_duration = 60s;
constexpr std::size_t workers = 64;
constexpr auto patience = 30s; ///< for what is not done when the last cue has become due

/// Cues become due one after the other, evenly, for a while: how late does each stage come?
/// The cues of the warm-up are fired and judged like the others, but their lateness does not count.
class steady : public scenario {
public:
  explicit steady(transport to) : to_{to} {}

  std::string_view name() const override {
    return to_ == transport::webhook ? "fire_steadily" : "fire_steadily_to_workers";
  }
  std::string_view description() const override {
    return to_ == transport::webhook ? "cues due at a steady rate: lateness of the signed POST at its receiver"
                                     : "cues due at a steady rate: lateness of the answer to a worker's waiting claim";
  }
  load_shape usual_shape() const override {
    return {.connections = workers, .tenants = 16, .duration = usual_duration, .warm_up = 5s, .rate = usual_rate};
  }

  result<measurement> run(stage& at, const load_shape& shape) override {
    const auto& dsn = at.subject.dsn();
    const auto tenants = make_tenants(dsn, shape.tenants);
    if (!tenants)
      return fail(tenants.error());
    const double rate = shape.rate > 0 ? shape.rate : usual_rate;
    const auto seconds = std::chrono::duration<double>{shape.warm_up + shape.duration}.count();
    const auto fires = fire_stage::set(at, *tenants,
                                       {static_cast<std::size_t>(rate * seconds),
                                        std::chrono::microseconds{static_cast<std::int64_t>(1e6 / rate)}, to_});
    if (!fires)
      return fail(fires.error());

    measurement out;
    out.scenario = name();
    out.shape = shape;
    polling_workers crew{*tenants, shape.connections, fires->cues};
    if (auto done = watch(at, shape, *fires, crew, out); !done)
      return fail(done.error());
    const auto deliveries = fires->hook ? fires->hook->deliveries() : crew.handed_out();
    if (auto told = tell(dsn, shape, *fires, deliveries, out); !told)
      return fail(told.error());
    return out;
  }

private:
  result<void> watch(stage& at, const load_shape& shape, const fire_stage& fires, polling_workers& crew,
                     measurement& out) const {
    wait_until(fires.span.first - 2s, at, fires);
    std::optional<running_load> load;
    if (to_ == transport::worker)
      load.emplace(load_plan{at.subject.host(), at.subject.port(), shape.connections, 2s + shape.warm_up,
                             shape.duration + patience, 0, polling_workers::kinds()},
                   crew);
    wait_until(fires.span.first + shape.warm_up, at, fires);
    meters meter{at, shape};
    if (auto begun = meter.begin(); !begun)
      return begun;
    wait_until(fires.span.last, at, fires);
    const auto until = std::chrono::steady_clock::now() + patience;
    if (fires.hook)
      fires.hook->wait_for(fires.cues, until);
    const auto recorded = wait_for_successes(at.subject.dsn(), fires, until);
    if (!recorded)
      return fail(recorded.error());
    if (auto ended = meter.end(out); !ended)
      return ended;
    if (!load)
      return {};
    const auto worked = load->stop();
    if (!worked)
      return fail(worked.error());
    take_over(*worked, out);
    out.latency.erase(polling_workers::kinds()[polling_workers::waiting_claim]); // how long there was nothing to do
    out.corrected_latency.clear();                                               // of requests that wait on purpose
    return {};
  }

  static result<void> tell(const std::string& dsn, const load_shape& shape, const fire_stage& fires,
                           const std::vector<delivery>& deliveries, measurement& out) {
    const due_span counted{fires.span.first + shape.warm_up, fires.span.last};
    const auto stored = read_fires(dsn, counted);
    if (!stored)
      return fail(stored.error());
    auto account = account_of(*stored, deliveries);
    out.lateness = std::move(account.lateness);
    out.operations = account.arrived.size();
    out.operations_per_second =
        static_cast<double>(account.arrived.size()) / std::chrono::duration<double>{shape.duration}.count();
    out.per_tick = per_tick(account.arrived, counted.first, shape.duration);
    if (account.before_their_time > 0)
      out.history_faults.push_back(std::to_string(account.before_their_time) + " times: earlier than due");
    if (fires.hook)
      return examine_webhooks(dsn, fires.span, *fires.hook, {}, out);
    return examine_history(dsn, fires.span, deliveries, {}, out);
  }

  const transport to_;
};

} // namespace

std::unique_ptr<scenario> fire_steadily() { return std::make_unique<steady>(transport::webhook); }
std::unique_ptr<scenario> fire_steadily_to_workers() { return std::make_unique<steady>(transport::worker); }

} // namespace cued::bench
