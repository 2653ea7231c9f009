#include "bench/scenarios/catalogue.hpp"

namespace cued::bench {

const std::vector<scenario_maker>& all_scenarios() {
  static const std::vector<scenario_maker> all;
  return all;
}

} // namespace cued::bench
