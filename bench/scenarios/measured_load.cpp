#include "bench/scenarios/measured_load.hpp"

namespace cued::bench {

result<load_result> run_measured(stage& at, const load_shape& shape, std::vector<std::string> kinds, conversation& talk,
                                 measurement& out) {
  load_plan plan;
  plan.host = at.subject.host();
  plan.port = at.subject.port();
  plan.connections = shape.connections;
  plan.warm_up = shape.warm_up;
  plan.duration = shape.duration;
  plan.rate = shape.rate;
  plan.kinds = std::move(kinds);

  meters meter{at, shape};
  if (auto begun = meter.begin(); !begun)
    return fail(std::move(begun.error()));
  auto load = run_load(plan, talk,
                       [&](std::uint64_t succeeded) { at.progress(std::to_string(succeeded) + " requests answered"); });
  if (!load)
    return load;
  if (auto ended = meter.end(out); !ended)
    return fail(std::move(ended.error()));
  take_over(*load, out);
  return load;
}

result<std::vector<tenant>> fresh_tenants(stage& at, const load_shape& shape) {
  const auto& dsn = at.subject.dsn();
  if (dsn.empty())
    return fail(400, "no_database", "This scenario needs the server's database, to set the stage and to check it");
  if (auto cleared = clear_stage(dsn); !cleared)
    return fail(std::move(cleared.error()));
  return make_tenants(dsn, shape.tenants);
}

} // namespace cued::bench
