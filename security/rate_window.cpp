#include "security/rate_window.hpp"

#include <algorithm>

namespace cued::security {
namespace {

std::int64_t floor_seconds(instant at) {
  return std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
}

} // namespace

rate_decision passed_decision(int limit, int used, instant now) {
  return {true, limit, std::max(0, limit - used), floor_seconds(now + rate_window::length), 0};
}

rate_decision refused_decision(int limit, instant oldest, instant now) {
  const auto room_at = std::min(oldest, now) + rate_window::length;
  const auto left = std::chrono::floor<std::chrono::seconds>(room_at - now);
  return {false, limit, 0, floor_seconds(room_at), static_cast<int>(std::max<std::int64_t>(1, left.count()))};
}

void rate_window::log::leave_window(instant now) {
  // A clock that was set back must not lock anybody out until it is as late again.
  for (auto at = passed.rbegin(); at != passed.rend() && *at > now; ++at)
    *at = now;
  while (gone < passed.size() && passed[gone] <= now - length)
    ++gone;
  if (gone * 2 >= passed.size()) {
    passed.erase(passed.begin(), passed.begin() + static_cast<std::ptrdiff_t>(gone));
    gone = 0;
  }
}

rate_window::log* rate_window::shard::find(std::string_view key) {
  const auto found = by_key.find(key);
  return found == by_key.end() ? nullptr : &*found->second;
}

rate_window::log& rate_window::shard::find_or_add(std::string_view key, instant now) {
  if (auto* known = find(key))
    return *known;
  drop_idle(now);
  if (logs.size() >= keys_per_shard_max)
    drop_first();
  logs.push_back({std::string(key), {}, 0});
  by_key.emplace(logs.back().key, std::prev(logs.end()));
  return logs.back();
}

void rate_window::shard::drop_first() {
  by_key.erase(logs.front().key);
  logs.pop_front();
}

void rate_window::shard::drop_idle(instant now) {
  constexpr int dropped_per_call_max = 8; // keeps each call short; keys fall idle no faster than they come
  const auto first_is_idle = [&] {
    return !logs.empty() && (logs.front().passed.empty() || logs.front().passed.back() <= now - length);
  };
  for (int i = 0; i < dropped_per_call_max && first_is_idle(); ++i)
    drop_first();
}

rate_decision rate_window::admit(std::string_view key, int limit, instant now) {
  if (limit < 1)
    return refused_decision(limit, now, now);
  auto& in = shard_of(key);
  const std::lock_guard lock(in.mutex);
  auto& mine = in.find_or_add(key, now);
  mine.leave_window(now);
  if (mine.size() >= limit)
    return refused_decision(limit, mine.passed[mine.gone], now);
  mine.passed.push_back(now);
  in.logs.splice(in.logs.end(), in.logs, in.by_key.find(key)->second);
  return passed_decision(limit, mine.size(), now);
}

int rate_window::count(std::string_view key, instant now) {
  auto& in = shard_of(key);
  const std::lock_guard lock(in.mutex);
  auto* mine = in.find(key);
  if (!mine)
    return 0;
  mine->leave_window(now);
  return mine->size();
}

std::size_t rate_window::key_count() const {
  std::size_t keys = 0;
  for (const auto& s : shards_) {
    const std::lock_guard lock(s.mutex);
    keys += s.logs.size();
  }
  return keys;
}

} // namespace cued::security
