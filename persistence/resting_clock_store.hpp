#pragma once

#include "persistence/clock_store.hpp"

namespace cued::persistence {

/// For a server without cues (DISABLE_CUE_PRIMITIVE): no cue is ever due. The rows stay as they are, and their missed
/// runs policies decide what becomes of them when cues are allowed again. Holds nothing; any thread.
/// Source: spec/auth.md §8, the "better" way.
class resting_clock_store final : public clock_store {
public:
  result<std::vector<armed_cue>> armed_until(instant, std::size_t, const armed_position&) override {
    return std::vector<armed_cue>{};
  }
  result<std::vector<armed_cue>> find_armed(const std::vector<std::string>&) override {
    return std::vector<armed_cue>{};
  }
  result<std::vector<fired_slot>> fire(const std::vector<firing>&) override { return std::vector<fired_slot>{}; }
  result<std::vector<started_delivery>> taken_in_doubt() override { return std::vector<started_delivery>{}; }
};

} // namespace cued::persistence
