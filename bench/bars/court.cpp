#include "bench/bars/court.hpp"

namespace cued::bench {

void add_bar(report& out, std::string name, std::string wanted, std::string measured, bool met) {
  out.bars.push_back({std::move(name), std::move(measured), std::move(wanted), met, {}});
}

void add_unavailable(report& out, std::string name, std::string wanted, const error& why) {
  out.bars.push_back({std::move(name), {}, std::move(wanted), false, why.message});
}

result<measurement> run_for(court& at, scenario_maker make, const std::function<void(load_shape&)>& changed) {
  const auto one = make();
  at.topic(std::string{one->name()});
  auto place = at.place(*one);
  if (!place)
    return fail(place.error());
  auto shape = one->usual_shape();
  if (changed)
    changed(shape);
  auto measured = one->run(*place, shape);
  if (!measured)
    return measured;
  at.out.runs.push_back(*measured);
  if (!measured->history_faults.empty())
    return fail(500, "unsound", "the history has a fault: " + measured->history_faults.front());
  return measured;
}

} // namespace cued::bench
