#include "persistence/ready_looks.hpp"

#include <algorithm>

namespace cued::persistence {
namespace {

using namespace std::chrono_literals;

constexpr auto slow = 5ms;
constexpr int slow_looks = 3; ///< one alone may have waited for a processor
constexpr int rest = 19;      ///< times as long as a look at all has taken
/// What is fired late, or committed after it was looked for, is not behind the place where looks begin.
constexpr std::chrono::seconds margin{10};
constexpr std::size_t tenants_at_most = 10'000;

} // namespace

std::optional<instant> ready_looks::begin(const std::string& user_id, clock::time_point now) const {
  const auto found = last_.find(user_id);
  if (found == last_.end() || now >= found->second.whole_again_at)
    return std::nullopt;
  return found->second.from;
}

void ready_looks::ended(const std::string& user_id, clock::time_point began, clock::time_point ended,
                        const std::optional<instant>& oldest, instant seen_at) {
  if (last_.size() >= tenants_at_most && !last_.contains(user_id))
    last_.clear();
  auto& last = last_[user_id];
  const auto took = ended - began;
  last.slow_in_a_row = took > slow ? std::min(last.slow_in_a_row + 1, slow_looks) : 0;
  last.from = std::min(oldest.value_or(seen_at), seen_at - margin);
  last.whole_again_at = last.slow_in_a_row < slow_looks ? ended : ended + rest * took;
}

} // namespace cued::persistence
