#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "persistence/claim_store.hpp"

namespace cued::actors {

/// What a tenant's workers may claim next, oldest first, each execution once. Every operation on one execution takes
/// O(log n) at most. Owned by a tenant actor.
class ready_executions {
public:
  void add(persistence::ready_execution one);
  void remove(const std::string& execution_id); ///< if it is there
  /// The ids of up to `at_most`, oldest first; they are no longer in it.
  [[nodiscard]] std::vector<std::string> take(std::size_t at_most);

  [[nodiscard]] bool empty() const { return by_age_.empty(); }
  [[nodiscard]] std::size_t size() const { return by_age_.size(); }
  /// Whether all there are are older than this instant.
  [[nodiscard]] bool all_before(instant when) const { return empty() || by_age_.rbegin()->scheduled_for < when; }

private:
  using ordered = std::set<persistence::ready_execution>;

  ordered by_age_;
  std::unordered_map<std::string_view, ordered::iterator> by_id_; ///< keys are the ids inside by_age_
};

} // namespace cued::actors
