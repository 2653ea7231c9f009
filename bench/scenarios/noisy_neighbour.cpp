#include <algorithm>
#include <thread>

#include "bench/scenarios/bystander.hpp"
#include "bench/scenarios/catalogue.hpp"
#include "bench/scenarios/noisy_crowd.hpp"

namespace cued::bench {
namespace {

using namespace std::chrono_literals;

constexpr double quiet_rate = 200;
constexpr std::size_t quiet_connections = 16;
constexpr std::size_t crowd = 128;
enum stretch : std::size_t { alone, beside };

double milliseconds(std::chrono::microseconds value) { return static_cast<double>(value.count()) / 1000; }

/// A tenant works at a fixed rate, first alone and then beside another who takes all that it can get.
class neighbours final : public scenario {
public:
  std::string_view name() const override { return "noisy_neighbour"; }
  std::string_view description() const override {
    return "a tenant works at a fixed rate, alone and beside one that makes, fires, claims and reports over all its "
           "connections as fast as it can";
  }
  load_shape usual_shape() const override {
    return {.connections = crowd, .tenants = 2, .duration = 15s, .rate = quiet_rate};
  }

  result<measurement> run(stage& at, const load_shape& shape) override {
    const auto tenants = make_tenants(at.subject.dsn(), 2);
    if (!tenants)
      return fail(tenants.error());
    const double rate = shape.rate > 0 ? shape.rate : quiet_rate;
    const auto seconds = std::chrono::duration<double>{shape.warm_up + 2 * shape.duration}.count();
    auto pending = make_pending(at.subject.dsn(), {tenants->front()},
                                {static_cast<std::size_t>(rate * seconds / bystander::operations) + quiet_connections});
    if (!pending)
      return fail(pending.error());
    bystander quiet{tenants->front(), std::move(pending->front()), quiet_connections, {"alone", "beside"}};
    noisy_crowd noisy{tenants->back(), shape.connections};

    measurement out;
    out.scenario = name();
    out.shape = shape;
    meters meter{at, shape};
    if (auto begun = meter.begin(); !begun)
      return fail(begun.error());
    if (auto lived = live_together(at, shape, rate, quiet, noisy, out); !lived)
      return fail(lived.error());
    if (auto ended = meter.end(out); !ended)
      return fail(ended.error());
    if (quiet.ran_out())
      out.remarks.push_back("the quiet tenant had nothing left to claim");
    return out;
  }

private:
  static result<void> live_together(stage& at, const load_shape& shape, double rate, bystander& quiet,
                                    noisy_crowd& noisy, measurement& out) {
    const load_plan modest{at.subject.host(), at.subject.port(),  quiet_connections,
                           shape.warm_up,     2 * shape.duration, rate,
                           quiet.kinds()};
    running_load first{modest, quiet};
    at.progress("alone");
    std::this_thread::sleep_for(shape.warm_up + shape.duration); // the length of that stretch
    quiet.enter(beside);
    at.progress("beside the noisy one");
    const load_plan greedy{at.subject.host(),   at.subject.port(), shape.connections, 0s, shape.duration, 0,
                           noisy_crowd::kinds()};
    const auto noise = run_load(greedy, noisy);
    if (!noise)
      return fail(noise.error());
    const auto modestly = first.stop();
    if (!modestly)
      return fail(modestly.error());
    take_over(*modestly, out);
    out.corrected_latency.clear(); // at a fixed rate there is nothing to correct
    const auto quiet_operations = out.operations;
    take_over(*noise, out); // the rate is that of the noisy one
    out.operations += quiet_operations;
    compare(*modestly, out);
    return {};
  }

  static void compare(const load_result& quiet, measurement& out) {
    const auto before = latency_in_stretch(quiet, alone), with = latency_in_stretch(quiet, beside);
    out.figures["quiet_p50_alone_ms"] = milliseconds(before.percentile(50));
    out.figures["quiet_p50_beside_ms"] = milliseconds(with.percentile(50));
    out.figures["quiet_p99_alone_ms"] = milliseconds(before.percentile(99));
    out.figures["quiet_p99_beside_ms"] = milliseconds(with.percentile(99));
    out.figures["quiet_p99_ratio"] = static_cast<double>(with.percentile(99).count()) /
                                     static_cast<double>(std::max<std::int64_t>(before.percentile(99).count(), 1));
  }
};

} // namespace

std::unique_ptr<scenario> noisy_neighbour() { return std::make_unique<neighbours>(); }

} // namespace cued::bench
