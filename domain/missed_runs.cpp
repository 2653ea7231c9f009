#include "domain/missed_runs.hpp"

#include <algorithm>

namespace cued {
namespace {

/// The search for the newest instant looks back this far first, then so many times further, and so on: a schedule of
/// every second is not walked through for the week it was missed.
constexpr std::chrono::minutes first_look_back{1};
constexpr int look_back_factor = 8;

/// The newest instant from `first` (one of the schedule's) up to `now`.
instant newest_slot(instant first, instant now, const slot_after& after) {
  auto newest = first;
  for (std::chrono::microseconds back = first_look_back; now - back > first; back *= look_back_factor) {
    const auto found = after(now - back);
    if (found && *found <= now) {
      newest = *found;
      break;
    }
  }
  for (auto next = after(newest); next && *next <= now; next = after(*next))
    newest = *next;
  return newest;
}

/// Instants from `first` on, in order, until they are in the future or there are enough of them.
slot_plan take_from(std::optional<instant> first, instant now, const missed_run_rules& rules, std::size_t at_most,
                    const slot_after& after) {
  slot_plan plan;
  plan.following = first;
  while (plan.following && *plan.following <= now && plan.slots.size() < at_most) {
    plan.slots.push_back({*plan.following, now - *plan.following > rules.grace});
    plan.following = after(*plan.following);
  }
  return plan;
}

} // namespace

std::string_view to_string(catch_up policy) {
  switch (policy) {
  case catch_up::all:
    return "all";
  case catch_up::latest:
    return "latest";
  case catch_up::none:
    return "none";
  }
  return "all";
}

std::optional<catch_up> to_catch_up(std::string_view text) {
  for (const auto policy : {catch_up::all, catch_up::latest, catch_up::none})
    if (text == to_string(policy))
      return policy;
  return std::nullopt;
}

slot_plan plan_due_slots(instant next_run, instant now, const missed_run_rules& rules, std::size_t at_most,
                         const slot_after& after) {
  if (now - next_run <= rules.grace)
    return take_from(next_run, now, rules, at_most, after);

  std::optional<std::chrono::microseconds> reach; // how old what runs may be; nothing: any age
  if (rules.policy == catch_up::none)
    reach = rules.grace;
  else if (rules.window)
    reach = std::max<std::chrono::microseconds>(rules.grace, *rules.window);

  if (rules.policy == catch_up::all) {
    const bool cut = reach && now - next_run > *reach;
    auto plan =
        take_from(cut ? after(now - *reach - std::chrono::microseconds{1}) : next_run, now, rules, at_most, after);
    plan.left_out = cut;
    return plan;
  }

  const auto newest = newest_slot(next_run, now, after);
  const bool runs = !reach || now - newest <= *reach;
  slot_plan plan;
  if (runs)
    plan.slots.push_back({newest, now - newest > rules.grace});
  plan.following = after(newest);
  plan.left_out = !runs || newest != next_run;
  return plan;
}

} // namespace cued
