#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "bench/scenarios/faults.hpp"

namespace cued::bench {

inline constexpr std::string_view created_cue_name = "bench "; ///< and a number

/// Compares the cues that clients were told created with those that are there: each is there once under its id and
/// name, and there are no others but those whose answer was lost. Pure. Memory: 16 bytes for each cue, twice.
class created_cues {
public:
  void created(std::uint64_t id, std::uint32_t number) { told_.push_back({number, id}); }
  void in_doubt(std::uint32_t number) { told_.push_back({number, unknown_id}); }

  void begin_judging();
  void see(std::uint64_t id, std::string_view name); ///< a cue in the database, in any order
  [[nodiscard]] faults end_judging();

private:
  static constexpr std::uint64_t unknown_id = ~0ULL;
  struct numbered_cue {
    std::uint32_t number;
    std::uint64_t id;
    auto operator<=>(const numbered_cue&) const = default;
  };
  std::vector<numbered_cue> told_, there_;
  faults found_;
};

} // namespace cued::bench
