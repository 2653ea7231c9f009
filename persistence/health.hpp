#pragma once

#include <cstdint>
#include <optional>

#include "domain/instant.hpp"
#include "persistence/notice_store.hpp"
#include "persistence/postgres/connection.hpp"

/// What `/health` tells of the database: how much work lies there, of all tenants (spec/http.md §9).
/// Thread: the connection's.
namespace cued::persistence {

struct health_counts {
  std::int64_t pending_outbox = 0;
  std::int64_t stale_executions = 0; ///< delivering for more than 300 s
  std::int64_t pending_retries = 0;
  std::int64_t pending_worker_claims = 0;
  std::int64_t active_workers = 0;       ///< heartbeat within the last 180 s
  std::optional<instant> last_heartbeat; ///< of the active ones
  notice_counts notices;                 ///< alerts, escalations and letters
};

/// Reads all executions that are not at their end: the caller keeps the answer for a while.
[[nodiscard]] result<health_counts> read_health(connection& db, instant now);

} // namespace cued::persistence
