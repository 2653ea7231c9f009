#pragma once

#include <cstddef>
#include <vector>

#include "persistence/delivery_store.hpp"

/// Executions whose handler or worker did not report in time. Source: docs/policies.md; the states are
/// domain/execution_state.hpp's event `outcome_overdue`.
namespace cued::persistence {

struct expired_outcomes {
  std::size_t executions = 0;
  std::vector<released_execution> released; ///< what waited for them
};

/// Turns up to `limit` executions whose outcome deadline has passed into `outcome_timeout`. A one-time cue fails with
/// it, a recurring one pauses if its owner asked for that; the alert `outcome_timeout` and what on_failure asks for are
/// written too. Call inside connection::in_transaction: all of it or nothing.
[[nodiscard]] expired_outcomes expire_outcomes(session& s, instant now, int limit);

} // namespace cued::persistence
