#include "persistence/silent_workers.hpp"

#include "persistence/alert_rows.hpp"

namespace cued::persistence {
namespace {

/// The outage is over: the worker was heard again, or is gone. Index: unique_user_worker.
constexpr named_query forget_told_outages{"forget_told_outages", R"sql(
  DELETE FROM cued.silent_workers s
  WHERE NOT EXISTS (SELECT 1 FROM workers w WHERE w.user_id = s.user_id AND w.worker_id = s.worker_id
                    AND w.last_heartbeat < $1::timestamptz)
)sql"};

/// The primary key of silent_workers decides between two nodes who tells. Reads all workers: one row for each machine
/// that ever worked. Index: silent_workers_pkey; open_executions_ready and executions_pkey for what waits.
constexpr named_query tell_outages{"tell_outages", R"sql(
  WITH told AS (
    INSERT INTO cued.silent_workers (user_id, worker_id, told_at)
    SELECT w.user_id, w.worker_id, $3::timestamptz FROM workers w
    WHERE w.last_heartbeat < $1::timestamptz AND w.last_heartbeat > $2::timestamptz
      AND NOT EXISTS (SELECT 1 FROM cued.silent_workers s WHERE s.user_id = w.user_id AND s.worker_id = w.worker_id)
    ORDER BY w.user_id, w.worker_id
    LIMIT 500
    ON CONFLICT DO NOTHING
    RETURNING user_id, worker_id
  ), outages AS (
    SELECT w.user_id, w.worker_id, )sql" CUED_OFFSET_TIME("w.last_heartbeat") R"sql( AS last_heartbeat,
           (extract(epoch FROM $3::timestamptz - w.last_heartbeat) / 60)::int AS minutes,
           (SELECT count(*) FROM cued.open_executions o JOIN executions e ON e.id = o.execution_id
            WHERE o.worker_of = w.user_id AND e.status = 'pending') AS waiting
    FROM told t JOIN workers w ON w.user_id = t.user_id AND w.worker_id = t.worker_id
  ), written AS (
    INSERT INTO alerts (id, user_id, alert_type, severity, message, metadata, acknowledged, created_at)
    SELECT gen_random_uuid(), user_id, 'worker_offline', 'warning',
           'Worker ' || worker_id || ' has not been heard for ' || minutes || ' minutes',
           jsonb_build_object('worker_id', worker_id, 'last_heartbeat', last_heartbeat, 'pending_executions', waiting),
           false, now()
    FROM outages
    RETURNING *
  ), noticed AS (
    )sql" CUED_NOTICES_OF_ALERTS("written") R"sql(
  ), letters AS (
    INSERT INTO cued.notices (kind, user_id, content, status)
    SELECT 'mail', user_id, jsonb_build_object('letter', 'worker_offline', 'worker_id', worker_id, 'minutes', minutes,
             'pending_executions', waiting), 'pending'
    FROM outages
  )
  SELECT count(*) FROM written
)sql"};

} // namespace

result<std::size_t> tell_silent_workers(connection& db, instant now) {
  const auto silent_since = write_instant(now - worker_offline_after);
  const auto history = write_instant(now - worker_outage_told_within);
  return db.in_transaction([&](session& s) -> result<std::size_t> {
    s.exec(forget_told_outages, silent_since);
    return s.exec(tell_outages, silent_since, history, write_instant(now))[0][0].as<std::size_t>();
  });
}

} // namespace cued::persistence
