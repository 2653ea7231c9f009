#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "domain/instant.hpp"

/// What becomes of the instants of a cue that passed while nobody could fire it: the process was down, Postgres was
/// away. Pure: whoever asks hands in the present and the schedule. Source: spec/delivery.md §3 (the reference fires
/// every missed occurrence; the other two policies are ours), docs/policies.md.
namespace cued {

enum class catch_up {
  all,    ///< every missed instant runs, as in the reference
  latest, ///< of what was missed only the newest instant runs
  none,   ///< what was missed stays missed
};

[[nodiscard]] std::string_view to_string(catch_up policy);
[[nodiscard]] std::optional<catch_up> to_catch_up(std::string_view text);

struct missed_run_rules {
  catch_up policy = catch_up::all;
  std::optional<std::chrono::seconds> window; ///< what was missed longer ago than this never runs
  /// An instant that is no older than this is on time: a hiccup of the process is no outage, and no policy drops it.
  std::chrono::microseconds grace{0};
};

/// An instant whose execution is to be made.
struct due_slot {
  instant at;
  bool backfilled = false; ///< it was missed: late by policy, not by accident

  bool operator==(const due_slot&) const = default;
};

struct slot_plan {
  std::vector<due_slot> slots;      ///< oldest first
  std::optional<instant> following; ///< where the cue goes on; in the past when there was more than could be taken
  bool left_out = false;            ///< policy or window leave at least one instant without an execution

  bool operator==(const slot_plan&) const = default;
};

/// The first instant of a schedule after the given one; nothing where there is none.
using slot_after = std::function<std::optional<instant>(instant)>;

/// What a cue whose `next_run` has come runs now: at most `at_most` (1 or more) instants.
/// As long as `next_run` is within the grace, all instants up to `now` run. Once it is older, the cue is late and its
/// policy decides; what is within the grace still runs with `all`, and with the others if it is the newest.
[[nodiscard]] slot_plan plan_due_slots(instant next_run, instant now, const missed_run_rules& rules,
                                       std::size_t at_most, const slot_after& after);

} // namespace cued
