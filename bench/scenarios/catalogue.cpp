#include "bench/scenarios/catalogue.hpp"

namespace cued::bench {

const std::vector<scenario_maker>& all_scenarios() {
  static const std::vector<scenario_maker> all{
      claim_and_outcome_by_id,
      claim_next_and_outcome,
      claim_and_outcome_in_batches,
      create_cue,
      read_execution,
      list_executions,
      fire_storm,
      fire_steadily,
      fire_steadily_to_workers,
      webhooks_end_to_end,
      mixed_day,
      noisy_neighbour,
  };
  return all;
}

} // namespace cued::bench
