#include "security/fixed_window.hpp"

#include <algorithm>

namespace cued::security {

counter_decision fixed_window::count(std::string_view key, int limit, std::chrono::seconds window, instant now) {
  const std::lock_guard lock(mutex_);
  drop_ended(now);
  auto found = counters_.find(key);
  if (found != counters_.end()) {
    const auto place = found->second.ends;
    const bool ended = place->first <= now;
    const bool clock_was_set_back = place->first > now + window;
    if (ended || clock_was_set_back) {
      counters_.erase(found);
      ends_.erase(place);
      found = counters_.end();
    }
  }
  if (found == counters_.end()) {
    if (counters_.size() >= keys_max)
      drop_first();
    const auto place = ends_.emplace(now + window, key);
    found = counters_.emplace(place->second, counter{0, place}).first;
  }
  auto& mine = found->second;
  if (mine.calls >= limit) {
    const auto left = std::chrono::ceil<std::chrono::seconds>(mine.ends->first - now).count();
    return {false, static_cast<int>(std::max<std::int64_t>(1, left))};
  }
  ++mine.calls;
  return {true, 0};
}

void fixed_window::drop_first() {
  counters_.erase(ends_.begin()->second);
  ends_.erase(ends_.begin());
}

void fixed_window::drop_ended(instant now) {
  constexpr int dropped_per_call_max = 8; // keeps each call short; windows end no faster than they begin
  for (int i = 0; i < dropped_per_call_max && !ends_.empty() && ends_.begin()->first <= now; ++i)
    drop_first();
}

std::size_t fixed_window::key_count() const {
  const std::lock_guard lock(mutex_);
  return counters_.size();
}

} // namespace cued::security
