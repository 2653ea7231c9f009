#include "actors/tenant/ready_executions.hpp"

#include <algorithm>
#include <utility>

namespace cued::actors {

/// An execution's instant never changes, so a second entry for it would be the same one.
void ready_executions::add(persistence::ready_execution one) {
  const auto [place, is_new] = by_age_.insert(std::move(one));
  if (is_new)
    by_id_.emplace(place->execution_id, place);
}

void ready_executions::remove(const std::string& execution_id) {
  if (by_id_.empty())
    return;
  const auto known = by_id_.find(execution_id);
  if (known == by_id_.end())
    return;
  const auto place = known->second;
  by_id_.erase(known);
  by_age_.erase(place);
}

std::vector<std::string> ready_executions::take(std::size_t at_most) {
  std::vector<std::string> taken;
  taken.reserve(std::min(at_most, by_age_.size()));
  while (taken.size() < at_most && !by_age_.empty()) {
    by_id_.erase(by_age_.begin()->execution_id);
    taken.push_back(std::move(by_age_.extract(by_age_.begin()).value().execution_id));
  }
  return taken;
}

} // namespace cued::actors
