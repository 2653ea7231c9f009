#pragma once

#include <memory>

#include "bench/scenario.hpp"

/// The makers of all scenarios. bench/scenarios/catalogue.cpp puts them in order.
namespace cued::bench {

std::unique_ptr<scenario> claim_and_outcome_by_id();
std::unique_ptr<scenario> claim_next_and_outcome();
std::unique_ptr<scenario> claim_and_outcome_in_batches();
std::unique_ptr<scenario> create_cue();
std::unique_ptr<scenario> read_execution();
std::unique_ptr<scenario> list_executions();
std::unique_ptr<scenario> fire_storm();
std::unique_ptr<scenario> fire_steadily();
std::unique_ptr<scenario> fire_steadily_to_workers();
std::unique_ptr<scenario> webhooks_end_to_end();
std::unique_ptr<scenario> mixed_day();
std::unique_ptr<scenario> noisy_neighbour();

} // namespace cued::bench
