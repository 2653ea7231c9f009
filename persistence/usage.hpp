#pragma once

#include <cstdint>
#include <string>

#include "persistence/postgres/connection.hpp"

/// Counts of what an account used (spec/alerts-usage.md §5, §7). Reads only: the counter goes up where deliveries are
/// recorded. `month` is the first day of the UTC month, `YYYY-MM-DD` (domain/usage.hpp).
/// Thread: the connection's.
namespace cued::persistence {

/// Executions counted in that month; 0 when there is no row.
[[nodiscard]] result<std::int64_t> monthly_usage(connection& db, const std::string& user_id, const std::string& month);

struct usage_counts {
  std::int64_t cues = 0; ///< active or paused
  std::int64_t executions = 0;
  std::int64_t outcomes_reported = 0;
  std::int64_t outcomes_succeeded = 0;
  std::int64_t outcomes_failed = 0; ///< reported as failed, or ended failed or missed without a report
};

[[nodiscard]] result<usage_counts> read_usage(connection& db, const std::string& user_id, const std::string& month);

} // namespace cued::persistence
