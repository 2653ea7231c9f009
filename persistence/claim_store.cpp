#include "persistence/claim_store.hpp"

#include <unordered_map>

#include "persistence/open_executions.hpp"

namespace cued::persistence {
namespace {

/// Claims the given executions, each for its own worker; loses silently where another got there first.
/// Rows are locked in id order, so two batches cannot deadlock. A row that this very batch claimed before its commit
/// fell into doubt (same worker, same claimed_at) counts as won again.
/// From here on the cue's outcome deadline runs, if it has one.
/// Index: executions_pkey, cues_pkey.
constexpr named_query claim_batch{"claim_batch", R"sql(
  WITH asked AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS a(id, user_id, worker)
  ), locked AS (
    SELECT e.id, a.user_id, a.worker, e.status, e.scheduled_for, coalesce(e.backfilled, false) AS backfilled,
           c.outcome_deadline_seconds
    FROM asked a
    JOIN executions e ON e.id = a.id
    JOIN cues c ON c.id = e.cue_id AND c.user_id = a.user_id AND c.callback_transport = 'worker'
    WHERE (e.status = 'pending' AND e.scheduled_for <= $4::timestamptz AND NOT )sql" CUED_IS_HELD_BACK R"sql()
       OR (e.status = 'delivering' AND e.claimed_at = $4::timestamptz AND e.claimed_by_worker = a.worker)
    ORDER BY e.id
    FOR UPDATE OF e
  ), claimed AS (
    UPDATE executions e
    SET status = 'delivering', claimed_by_worker = l.worker, claimed_at = $4::timestamptz,
        started_at = $4::timestamptz, last_attempt_at = $4::timestamptz, attempts = e.attempts + 1,
        outcome_deadline_seconds = l.outcome_deadline_seconds,
        outcome_deadline_at = $4::timestamptz + make_interval(secs => l.outcome_deadline_seconds), updated_at = now()
    FROM locked l
    WHERE e.id = l.id AND e.status = 'pending'
  )
  SELECT id, user_id, scheduled_for, backfilled FROM locked
)sql"};

/// The tenant's ready list. Index: cued_executions_open (cue_id, scheduled_for) WHERE status is an open one.
constexpr named_query ready_for_workers{"ready_for_workers", R"sql(
  SELECT e.id, e.scheduled_for
  FROM cues c
  JOIN executions e ON e.cue_id = c.id
  WHERE c.user_id = $1::uuid AND c.callback_transport = 'worker'
    AND e.status = 'pending' AND e.scheduled_for <= $2::timestamptz AND NOT )sql" CUED_IS_HELD_BACK R"sql(
  ORDER BY e.scheduled_for, e.id
  LIMIT $3::int
)sql"};

/// When a claim that waits has to look again. One step down the index for each worker cue.
/// Index: idx_cues_user_id, cued_executions_open.
constexpr named_query next_due_for_workers{"next_due_for_workers", R"sql(
  SELECT min(soonest.scheduled_for)
  FROM cues c
  CROSS JOIN LATERAL (
    SELECT e.scheduled_for FROM executions e
    WHERE e.cue_id = c.id AND e.status = 'pending' AND e.scheduled_for > $2::timestamptz
    ORDER BY e.scheduled_for
    LIMIT 1
  ) soonest
  WHERE c.user_id = $1::uuid AND c.callback_transport = 'worker'
)sql"};

} // namespace

result<std::vector<std::optional<claimed_execution>>>
postgres_claim_store::claim(const std::vector<claim_attempt>& attempts, instant at) {
  // One row per execution and tenant goes to the database: the first who asked.
  std::unordered_map<std::string, std::size_t> first;
  array_builder ids, users, workers;
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    if (!first.emplace(attempts[i].execution_id + attempts[i].user_id, i).second)
      continue;
    ids.add(attempts[i].execution_id);
    users.add(attempts[i].user_id);
    workers.add(attempts[i].worker_id);
  }
  const auto id_list = std::move(ids).str(), user_list = std::move(users).str(), worker_list = std::move(workers).str();
  return link_.run([&](session& s) -> result<std::vector<std::optional<claimed_execution>>> {
    const auto rows = s.exec(claim_batch, id_list, user_list, worker_list, write_instant(at));
    std::vector<std::optional<claimed_execution>> won(attempts.size());
    for (const auto& row : rows)
      won[first.at(std::string{row[0].c_str()} + row[1].c_str())] =
          claimed_execution{read_instant(row[2].c_str()), row[3].as<bool>()};
    return won;
  });
}

result<std::vector<ready_execution>> postgres_claim_store::ready(const std::string& user_id, instant now,
                                                                 std::size_t limit) {
  return link_.run([&](session& s) -> result<std::vector<ready_execution>> {
    std::vector<ready_execution> out;
    for (const auto& row : s.exec(ready_for_workers, user_id, write_instant(now), static_cast<long>(limit)))
      out.push_back({read_instant(row[1].c_str()), row[0].c_str()});
    return out;
  });
}

result<std::optional<instant>> postgres_claim_store::next_due(const std::string& user_id, instant now) {
  return link_.run([&](session& s) -> result<std::optional<instant>> {
    const auto rows = s.exec(next_due_for_workers, user_id, write_instant(now));
    return rows[0][0].is_null() ? std::nullopt : std::optional{read_instant(rows[0][0].c_str())};
  });
}

} // namespace cued::persistence
