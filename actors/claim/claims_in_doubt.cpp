#include "actors/claim/claims_in_doubt.hpp"

#include <algorithm>

#include <spdlog/spdlog.h>

namespace cued::actors {

void claims_in_doubt::add(std::vector<persistence::held_claim> claims) {
  const std::lock_guard lock{mutex_};
  std::size_t let_go = 0;
  for (auto& claim : claims)
    if (kept_.size() < kept_at_most)
      kept_.emplace(++last_, kept{std::move(claim)});
    else
      ++let_go;
  if (let_go > 0)
    spdlog::warn("too many claims are in doubt; {} are left to their leases", let_go);
}

std::vector<claims_in_doubt::entry> claims_in_doubt::due(time_point now, std::size_t at_most) const {
  const std::lock_guard lock{mutex_};
  std::vector<entry> out;
  if (now < paused_until_)
    return out;
  for (auto it = kept_.begin(); it != kept_.end() && out.size() < at_most; ++it)
    if (it->second.next_look <= now)
      out.push_back({it->first, it->second.claim});
  return out;
}

void claims_in_doubt::put_off(time_point now) {
  const std::lock_guard lock{mutex_};
  paused_until_ = now + pause_after_failure;
}

void claims_in_doubt::let_go(const std::vector<entry>& looked_for) {
  const std::lock_guard lock{mutex_};
  for (const auto& one : looked_for)
    kept_.erase(one.number);
}

void claims_in_doubt::settle(const std::vector<entry>& looked_for,
                             const std::vector<std::optional<instant>>& given_back, time_point now) {
  const std::lock_guard lock{mutex_};
  for (std::size_t i = 0; i < looked_for.size(); ++i) {
    const auto it = kept_.find(looked_for[i].number);
    if (it == kept_.end())
      continue;
    auto& one = it->second;
    if (!one.until)
      one.until = now + in_doubt_for;
    if (given_back[i] || now >= *one.until)
      kept_.erase(it);
    else
      one.next_look = std::min<time_point>(now + pause_between_looks, *one.until);
  }
}

std::optional<claims_in_doubt::time_point> claims_in_doubt::next_look() const {
  const std::lock_guard lock{mutex_};
  std::optional<time_point> soonest;
  for (const auto& [number, one] : kept_)
    soonest = std::min(soonest.value_or(one.next_look), one.next_look);
  return soonest ? std::optional{std::max(*soonest, paused_until_)} : std::nullopt;
}

} // namespace cued::actors
