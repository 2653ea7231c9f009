#include <algorithm>

#include "bench/scenarios/catalogue.hpp"
#include "bench/scenarios/fire_account.hpp"
#include "bench/scenarios/fire_stage.hpp"
#include "bench/scenarios/office.hpp"
#include "bench/scenarios/polling_workers.hpp"

namespace cued::bench {
namespace {

using namespace std::chrono_literals;

constexpr double office_rate = 200;       ///< requests per second, unless the shape says otherwise
constexpr double fires_per_request = 0.5; ///< of each transport there are half as many fires
constexpr std::size_t office_connections = 32;
constexpr std::size_t workers = 32;
constexpr std::size_t history_of_a_tenant = 2'000;
constexpr auto patience = 30s;

/// An ordinary day, compressed: webhooks and worker runs become due, workers wait for theirs and report, people look at
/// dashboards and change a few cues. Everything at fixed rates, so what is asked is how quickly, not how much.
class day final : public scenario {
public:
  std::string_view name() const override { return "mixed_day"; }
  std::string_view description() const override {
    return "dashboards and changes at a fixed rate, half as many webhooks and half as many worker runs due per second";
  }
  load_shape usual_shape() const override {
    return {.connections = workers, .tenants = 16, .duration = 30s, .warm_up = 3s, .rate = office_rate};
  }

  result<measurement> run(stage& at, const load_shape& shape) override {
    const auto& dsn = at.subject.dsn();
    const auto tenants = make_tenants(dsn, shape.tenants);
    if (!tenants)
      return fail(tenants.error());
    auto history = make_history(dsn, *tenants, history_of_a_tenant);
    if (!history)
      return fail(history.error());
    auto due = set_fires(at, shape, *tenants);
    if (!due)
      return fail(due.error());
    office people{*tenants, std::move(*history), office_connections};
    polling_workers crew{*tenants, shape.connections, due->worker_runs.cues};

    measurement out;
    out.scenario = name();
    out.shape = shape;
    if (auto lived = live(at, shape, *due, people, crew, out); !lived)
      return fail(lived.error());
    if (auto told = tell(dsn, shape, *due, crew, out); !told)
      return fail(told.error());
    return out;
  }

private:
  struct fires {
    fire_stage worker_runs, webhooks;
    [[nodiscard]] instant first() const { return std::max(worker_runs.span.first, webhooks.span.first); }
    [[nodiscard]] instant last() const { return std::max(worker_runs.span.last, webhooks.span.last); }
  };

  static double rate_of(const load_shape& shape) { return shape.rate > 0 ? shape.rate : office_rate; }

  /// One after the other; the transports' spans overlap except for the seconds that writing the second one takes.
  static result<fires> set_fires(stage& at, const load_shape& shape, const std::vector<tenant>& tenants) {
    const double rate = rate_of(shape) * fires_per_request;
    const auto seconds = std::chrono::duration<double>{shape.warm_up + shape.duration + time_before_fires}.count();
    fires_wish wish{static_cast<std::size_t>(rate * seconds),
                    std::chrono::microseconds{static_cast<std::int64_t>(1e6 / rate)}, transport::worker};
    auto worker_runs = fire_stage::set(at, tenants, wish);
    if (!worker_runs)
      return fail(worker_runs.error());
    wish.to = transport::webhook;
    auto webhooks = fire_stage::set(at, tenants, wish);
    if (!webhooks)
      return fail(webhooks.error());
    return fires{std::move(*worker_runs), std::move(*webhooks)};
  }

  static result<void> live(stage& at, const load_shape& shape, const fires& due, office& people, polling_workers& crew,
                           measurement& out) {
    wait_until(due.worker_runs.span.first - 1s, at, due.webhooks);
    const auto before = std::chrono::ceil<std::chrono::milliseconds>(due.first() - wall_clock_now()) + shape.warm_up;
    running_load work{{at.subject.host(), at.subject.port(), shape.connections, before, shape.duration + patience, 0,
                       polling_workers::kinds()},
                      crew};
    wait_until(due.first(), at, due.webhooks);
    running_load looks{{at.subject.host(), at.subject.port(), office_connections, shape.warm_up, shape.duration,
                        rate_of(shape), office::kinds()},
                       people};
    wait_until(due.first() + shape.warm_up, at, due.webhooks);
    meters meter{at, shape};
    if (auto begun = meter.begin(); !begun)
      return begun;
    const auto looked = looks.finish();
    if (!looked)
      return fail(looked.error());
    if (auto ended = meter.end(out); !ended)
      return ended;
    wait_until(due.last(), at, due.webhooks);
    if (auto done = finish(at.subject.dsn(), due); !done)
      return done;
    const auto worked = work.stop();
    if (!worked)
      return fail(worked.error());
    take_over(*worked, out);
    out.latency.erase(polling_workers::kinds()[polling_workers::waiting_claim]); // how long there was nothing to do
    take_over(*looked, out);                                                     // the rate is that of the office
    out.corrected_latency.clear(); // at fixed rates there is nothing to correct
    return {};
  }

  static result<void> finish(const std::string& dsn, const fires& due) {
    const auto until = std::chrono::steady_clock::now() + patience;
    due.webhooks.hook->wait_for(due.webhooks.cues, until);
    const fire_stage both{nullptr,
                          {std::min(due.worker_runs.span.first, due.webhooks.span.first), due.last()},
                          due.worker_runs.cues + due.webhooks.cues};
    if (const auto recorded = wait_for_successes(dsn, both, until); !recorded)
      return fail(recorded.error());
    return {};
  }

  static result<void> tell(const std::string& dsn, const load_shape& shape, const fires& due,
                           const polling_workers& crew, measurement& out) {
    const due_span counted{due.first() + shape.warm_up, due.first() + shape.warm_up + shape.duration};
    const auto stored = read_fires(dsn, counted);
    if (!stored)
      return fail(stored.error());
    auto heard = due.webhooks.hook->deliveries();
    auto by_webhook = account_of(*stored, heard);
    auto by_claim = account_of(*stored, crew.handed_out());
    out.lateness["fired"] = by_webhook.lateness["fired"];
    out.lateness["sent"] = by_webhook.lateness["sent"];
    out.lateness["claimed"] = by_claim.lateness["sent"];
    out.lateness["delivered"] = by_webhook.lateness["delivered"];
    out.operations += by_webhook.succeeded.size();
    out.figures["webhooks_per_second"] =
        static_cast<double>(by_webhook.arrived.size()) / std::chrono::duration<double>{shape.duration}.count();
    out.figures["worker_runs_per_second"] =
        static_cast<double>(by_claim.arrived.size()) / std::chrono::duration<double>{shape.duration}.count();
    heard.insert(heard.end(), crew.handed_out().begin(), crew.handed_out().end());
    const due_span all{std::min(due.worker_runs.span.first, due.webhooks.span.first), due.last()};
    if (auto examined = examine_history(dsn, all, heard, {}, out); !examined)
      return examined;
    return examine_signatures(dsn, *due.webhooks.hook, out);
  }
};

} // namespace

std::unique_ptr<scenario> mixed_day() { return std::make_unique<day>(); }

} // namespace cued::bench
