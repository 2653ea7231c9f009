#include "persistence/health.hpp"

namespace cued::persistence {
namespace {

constexpr std::chrono::seconds stale_after{300};
constexpr std::chrono::seconds worker_active_for{180};

/// One pass over the open executions for all three of their counts. Reads all of cued.open_executions. Index:
/// executions_pkey, idx_outbox_pending. A backlog makes it slow, so /health keeps the answer.
constexpr named_query health_counts_query{"health_counts", R"sql(
  SELECT (SELECT count(*) FROM dispatch_outbox WHERE dispatched = false) AS pending_outbox,
         unfinished.stale, unfinished.retries, unfinished.claims, active.workers, active.last_heartbeat
  FROM (
    SELECT count(*) FILTER (WHERE e.status = 'delivering' AND e.updated_at < $1::timestamptz) AS stale,
           count(*) FILTER (WHERE e.status IN ('retrying', 'retry_ready')) AS retries,
           count(*) FILTER (WHERE e.status = 'pending' AND o.worker_of IS NOT NULL) AS claims
    FROM cued.open_executions o JOIN executions e ON e.id = o.execution_id
  ) AS unfinished,
  (SELECT count(*) AS workers, max(last_heartbeat) AS last_heartbeat
   FROM workers WHERE last_heartbeat >= $2::timestamptz) AS active
)sql"};

} // namespace

result<health_counts> read_health(connection& db, instant now) {
  return db.run([&](session& s) -> result<health_counts> {
    const auto row =
        s.exec(health_counts_query, write_instant(now - stale_after), write_instant(now - worker_active_for))[0];
    health_counts out;
    out.pending_outbox = row["pending_outbox"].as<std::int64_t>();
    out.stale_executions = row["stale"].as<std::int64_t>();
    out.pending_retries = row["retries"].as<std::int64_t>();
    out.pending_worker_claims = row["claims"].as<std::int64_t>();
    out.active_workers = row["workers"].as<std::int64_t>();
    if (!row["last_heartbeat"].is_null())
      out.last_heartbeat = read_instant(row["last_heartbeat"].c_str());
    out.notices = count_notices(s, now);
    return out;
  });
}

} // namespace cued::persistence
