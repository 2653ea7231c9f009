#include "persistence/deadline_store.hpp"

#include "persistence/alert_rows.hpp"
#include "persistence/api_keys.hpp"
#include "persistence/audit_log.hpp"
#include "persistence/cue_counts.hpp"
#include "persistence/device_codes.hpp"
#include "persistence/failed_cues.hpp"
#include "persistence/fire_keys.hpp"
#include "persistence/open_executions.hpp"
#include "persistence/outbox.hpp"
#include "persistence/previous_secrets.hpp"
#include "persistence/proven_addresses.hpp"
#include "persistence/retention.hpp"
#include "persistence/silent_workers.hpp"
#include "persistence/user_secrets.hpp"

namespace cued::persistence {
namespace {

/// History is deleted in portions, so that no commit of it is long; what is left over waits for the next hour.
constexpr std::size_t retention_rows_at_once = 2'000;
constexpr int retention_rounds_at_most = 100;

/// Index: idx_executions_retries. A retry of a cue that is gone is left out (its execution goes with it or is an
/// orphan); one whose user is gone is signed with the empty secret, as in the reference.
constexpr named_query ready_due_retries{"ready_due_retries", R"sql(
  WITH due AS (
    SELECT e.id FROM executions e JOIN cues c ON c.id = e.cue_id AND c.callback_transport = 'webhook'
    WHERE e.status = 'retrying' AND e.next_retry IS NOT NULL AND e.next_retry <= $1::timestamptz
    ORDER BY e.next_retry
    LIMIT $2::int
    FOR UPDATE OF e SKIP LOCKED
  ), readied AS (
    UPDATE executions e SET status = 'retry_ready', updated_at = now()
    FROM due d WHERE e.id = d.id AND e.status = 'retrying'
    RETURNING e.id, e.cue_id, e.scheduled_for, e.payload_override, e.backfilled
  ), queued AS (
    INSERT INTO dispatch_outbox (execution_id, cue_id, task_type, payload, dispatched, dispatch_attempts, created_at)
    SELECT e.id, e.cue_id, 'retry', )sql" CUED_OUTBOX_PAYLOAD("e.id", CUED_OFFSET_TIME("e.scheduled_for"),
                                                              CUED_EFFECTIVE_PAYLOAD, "c.retry_backoff_minutes")
                                                                 R"sql(, false, 0, now()
    FROM readied e JOIN cues c ON c.id = e.cue_id LEFT JOIN users u ON u.id = c.user_id
  )
  SELECT r.id, c.user_id, coalesce(r.backfilled, false) FROM readied r JOIN cues c ON c.id = r.cue_id
)sql"};

/// Index: idx_executions_retries, idx_outbox_scheduled, open_executions_deadline, executions_pkey.
constexpr named_query soonest_retry{"soonest_retry", R"sql(
  SELECT least(
    (SELECT min(next_retry) FROM executions
     WHERE status = 'retrying' AND next_retry IS NOT NULL AND next_retry > $1::timestamptz
       AND next_retry < $2::timestamptz),
    (SELECT min(scheduled_at) FROM dispatch_outbox
     WHERE dispatched = false AND scheduled_at IS NOT NULL AND execution_id IS NOT NULL
       AND scheduled_at > $1::timestamptz AND scheduled_at < $2::timestamptz),
    (SELECT o.deadline_at FROM cued.open_executions o JOIN executions e ON e.id = o.execution_id
     WHERE o.deadline_at > $1::timestamptz AND o.deadline_at < $2::timestamptz AND )sql" CUED_AWAITS_OUTCOME("e") R"sql(
     ORDER BY o.deadline_at LIMIT 1))
)sql"};

/// Index: idx_outbox_pending.
constexpr named_query undispatched_deliveries{"undispatched_deliveries", R"sql(
  SELECT e.id, c.user_id, coalesce(e.backfilled, false)
  FROM dispatch_outbox o
  JOIN executions e ON e.id = o.execution_id AND e.status IN ('pending', 'retry_ready')
  JOIN cues c ON c.id = e.cue_id AND c.callback_transport = 'webhook'
  WHERE o.dispatched = false AND o.task_type IN ('deliver', 'retry')
    AND (o.scheduled_at IS NULL OR o.scheduled_at <= $1::timestamptz)
    AND NOT )sql" CUED_IS_HELD_BACK R"sql(
  ORDER BY o.created_at
  LIMIT $2::int
)sql"};

/// Reads the webhooks among the open executions. Index: executions_pkey, cues_pkey, cued_outbox_execution.
constexpr named_query forgotten_deliveries{"forgotten_deliveries", R"sql(
  SELECT e.id, c.user_id, coalesce(e.backfilled, false)
  FROM cued.open_executions o
  JOIN executions e ON e.id = o.execution_id
  JOIN cues c ON c.id = e.cue_id AND c.callback_transport = 'webhook'
  WHERE e.status IN ('pending', 'retry_ready') AND e.updated_at < $1::timestamptz
    AND o.worker_of IS NULL AND o.scheduled_for < $1::timestamptz
    AND NOT EXISTS (SELECT 1 FROM dispatch_outbox q WHERE q.execution_id = e.id AND NOT q.dispatched)
    AND NOT )sql" CUED_IS_HELD_BACK R"sql(
  ORDER BY o.scheduled_for
  LIMIT $2::int
)sql"};

/// The sender is gone if the attempt under way was taken by an epoch (delivery_store) that is not in cued.nodes; rows
/// of others say nothing of their sender. Reads the webhooks among the open executions. Index: executions_pkey,
/// cues_pkey, nodes_pkey.
constexpr named_query silent_deliveries{"silent_deliveries", R"sql(
  SELECT e.id, c.user_id, c.id, e.attempts, c.retry_max_attempts, c.retry_backoff_minutes::text,
         extract(epoch FROM now() - e.updated_at)::int, coalesce(c.retry_backoff_seconds::text, ''),
         coalesce(c.retry_jitter_percent, 0), sender.gone
  FROM cued.open_executions o
  JOIN executions e ON e.id = o.execution_id
  JOIN cues c ON c.id = e.cue_id AND c.callback_transport = 'webhook'
  CROSS JOIN LATERAL (
    SELECT coalesce(o.taken_attempt = e.attempts + 1, false)
             AND NOT EXISTS (SELECT 1 FROM cued.nodes n WHERE n.epoch = o.taken_by) AS gone
  ) sender
  WHERE o.worker_of IS NULL AND e.status = 'delivering' AND (e.updated_at < $1::timestamptz OR sender.gone)
  ORDER BY e.updated_at
  LIMIT $2::int
)sql"};

/// A claim ends when its lease is over and its worker is silent (or was deleted). The lease counts from the last sign
/// of life of the execution. Reads the workers' executions among the open ones. Index: executions_pkey, cues_pkey,
/// unique_user_worker.
constexpr named_query return_claims{"return_claims", R"sql(
  WITH lost AS (
    SELECT e.id FROM cued.open_executions o
    JOIN executions e ON e.id = o.execution_id
    JOIN cues c ON c.id = e.cue_id AND c.callback_transport = 'worker'
    LEFT JOIN workers w ON w.user_id = c.user_id AND w.worker_id = e.claimed_by_worker
    WHERE o.worker_of IS NOT NULL
      AND ((e.status = 'delivering'
            AND coalesce(greatest(e.claimed_at, e.last_heartbeat_at), e.updated_at)
                < $1::timestamptz - make_interval(secs => $2::int)
            AND (w.id IS NULL OR w.last_heartbeat < $1::timestamptz - make_interval(secs => $3::int)))
           OR e.status IN ('retrying', 'retry_ready'))
    ORDER BY e.id
    LIMIT $4::int
    FOR UPDATE OF e SKIP LOCKED
  )
  UPDATE executions e
  SET status = 'pending', claimed_by_worker = NULL, claimed_at = NULL, started_at = NULL, next_retry = NULL,
      outcome_deadline_at = NULL,
      error_message = 'Reset: worker heartbeat stale and claim lease expired', updated_at = now()
  FROM lost l JOIN executions o ON o.id = l.id JOIN cues c ON c.id = o.cue_id
  WHERE e.id = l.id AND e.status IN ('delivering', 'retrying', 'retry_ready')
  RETURNING e.id, c.user_id, e.scheduled_for
)sql"};

/// Time counts from when the execution could first be claimed: made, due, or given back by return_claims, whichever is
/// latest (spec/workers.md §7); of one that an overlap policy made wait, from when its forerunner came to its end.
/// Reads the workers' executions among the open ones. Index: executions_pkey, cues_pkey, idx_executions_dedup.
constexpr named_query miss_unclaimed_executions{"miss_unclaimed_executions", R"sql(
  WITH late AS (
    SELECT e.id, e.cue_id FROM cued.open_executions o
    JOIN executions e ON e.id = o.execution_id
    JOIN cues c ON c.id = e.cue_id AND c.callback_transport = 'worker'
    WHERE o.worker_of IS NOT NULL AND o.scheduled_for < $1::timestamptz - make_interval(secs => $2::int)
      AND e.status = 'pending' AND e.claimed_by_worker IS NULL AND NOT )sql" CUED_IS_HELD_BACK R"sql(
      AND greatest(e.created_at, e.scheduled_for, CASE WHEN e.error_message LIKE 'Reset: %' THEN e.updated_at END,
                   CASE WHEN c.overlap_policy = 'queue_one' THEN (
                     SELECT forerunner.updated_at FROM executions forerunner
                     WHERE forerunner.cue_id = e.cue_id AND forerunner.scheduled_for < e.scheduled_for
                     ORDER BY forerunner.scheduled_for DESC LIMIT 1
                   ) END)
          < $1::timestamptz - make_interval(secs => $2::int)
    ORDER BY e.id
    LIMIT $3::int
    FOR UPDATE OF e SKIP LOCKED
  ), missed AS (
    UPDATE executions e
    SET status = 'missed', error_message = 'No worker claimed this execution within timeout window', updated_at = now()
    FROM late l WHERE e.id = l.id AND e.status = 'pending' AND e.claimed_by_worker IS NULL
    RETURNING e.id, e.cue_id, e.scheduled_for
  ), closed AS (
    )sql" CUED_CLOSE("missed") R"sql(
  ), cues_locked AS (
    SELECT c.id FROM cues c WHERE c.id IN (SELECT cue_id FROM missed) ORDER BY c.id FOR UPDATE
  ), ended AS (
    UPDATE cues c
    SET )sql" CUED_END_OF_FAILED_CUE R"sql(
    FROM cues_locked k WHERE c.id = k.id
  )
  SELECT id FROM missed
)sql"};

/// What was left behind: the execution is gone, or others have ended it. A row that somebody has written meanwhile lies
/// elsewhere and is not touched. Reads all open executions, hourly. Index: executions_pkey.
constexpr named_query clean_up_open_executions{"clean_up_open_executions", R"sql(
  WITH left_behind AS (
    SELECT o.ctid AS place FROM cued.open_executions o LEFT JOIN executions e ON e.id = o.execution_id
    WHERE e.id IS NULL OR NOT ()sql" CUED_IS_UNFINISHED("e") " OR (" CUED_AWAITS_OUTCOME("e") R"sql())
  )
  DELETE FROM cued.open_executions o USING left_behind l WHERE o.ctid = l.place
)sql"};

/// The notice of an alert stays as long as the alert, which shows it. Reads all notices, hourly.
constexpr named_query clean_up_notices{"clean_up_notices", R"sql(
  DELETE FROM cued.notices
  WHERE alert_id IS NULL AND status IN ('delivered', 'failed', 'dropped')
    AND updated_at < $1::timestamptz - interval '30 days'
)sql"};

constexpr named_query clean_up_outbox{"clean_up_outbox", R"sql(
  DELETE FROM dispatch_outbox WHERE dispatched = true AND created_at < $1::timestamptz - interval '7 days'
)sql"};

/// Index: ix_events_emitted_at.
constexpr named_query clean_up_events{"clean_up_events", R"sql(
  DELETE FROM events WHERE emitted_at < $1::timestamptz - interval '7 days'
)sql"};

std::vector<due_delivery> read_due(const pqxx::result& rows) {
  std::vector<due_delivery> out;
  for (const auto& row : rows)
    out.push_back({row[0].c_str(), row[1].c_str(), row[2].as<bool>()});
  return out;
}

} // namespace

result<std::vector<due_delivery>> postgres_deadline_store::ready_retries(instant now) {
  return link_.run([&](session& s) -> result<std::vector<due_delivery>> {
    return read_due(s.exec(ready_due_retries, write_instant(now), limits_.batch_size));
  });
}

result<std::optional<instant>> postgres_deadline_store::next_retry_before(instant now, instant horizon) {
  return link_.run([&](session& s) -> result<std::optional<instant>> {
    const auto rows = s.exec(soonest_retry, write_instant(now), write_instant(horizon));
    return rows[0][0].is_null() ? std::nullopt : std::optional{read_instant(rows[0][0].c_str())};
  });
}

result<std::vector<due_delivery>> postgres_deadline_store::undispatched(instant now) {
  return link_.run([&](session& s) -> result<std::vector<due_delivery>> {
    return read_due(s.exec(undispatched_deliveries, write_instant(now), limits_.batch_size));
  });
}

result<std::vector<due_delivery>> postgres_deadline_store::forgotten(instant older_than) {
  return link_.run([&](session& s) -> result<std::vector<due_delivery>> {
    return read_due(s.exec(forgotten_deliveries, write_instant(older_than), limits_.batch_size));
  });
}

result<std::vector<stale_delivery>> postgres_deadline_store::stale_deliveries(instant older_than) {
  return link_.run([&](session& s) -> result<std::vector<stale_delivery>> {
    std::vector<stale_delivery> out;
    for (const auto& row : s.exec(silent_deliveries, write_instant(older_than), limits_.batch_size))
      out.push_back({row[0].c_str(), row[1].c_str(), row[2].c_str(), row[3].as<int>(), row[4].as<int>(), row[5].c_str(),
                     row[6].as<int>(), row[7].c_str(), row[8].as<int>(), row[9].as<bool>()});
    return out;
  });
}

result<std::vector<returned_execution>> postgres_deadline_store::return_lost_claims(instant now) {
  return link_.run([&](session& s) -> result<std::vector<returned_execution>> {
    std::vector<returned_execution> out;
    for (const auto& row : s.exec(return_claims, write_instant(now), limits_.worker_claim_timeout_seconds,
                                  limits_.worker_heartbeat_timeout_seconds, limits_.batch_size))
      out.push_back({row[0].c_str(), row[1].c_str(), read_instant(row[2].c_str())});
    return out;
  });
}

result<std::size_t> postgres_deadline_store::miss_unclaimed(instant now) {
  return link_.in_transaction([&](session& s) -> result<std::size_t> {
    std::vector<ended_badly> missed;
    for (const auto& row : s.exec(miss_unclaimed_executions, write_instant(now),
                                  limits_.worker_unclaimed_timeout_seconds, limits_.batch_size))
      missed.push_back({row[0].c_str()});
    write_escalations(s, missed);
    return missed.size();
  });
}

result<std::size_t> postgres_deadline_store::tell_silent_workers(instant now) {
  return persistence::tell_silent_workers(link_, now);
}

result<expired_outcomes> postgres_deadline_store::expire_outcomes(instant now) {
  return link_.in_transaction(
      [&](session& s) -> result<expired_outcomes> { return persistence::expire_outcomes(s, now, limits_.batch_size); });
}

result<std::size_t> postgres_deadline_store::fold_runs() {
  const auto left = fold_.next(link_);
  if (left.value_or(1) == 0)
    if (const auto counts = fold_cue_counts(link_); !counts)
      return fail(counts.error());
  return left;
}

result<std::size_t> postgres_deadline_store::clean_up(instant now) {
  if (const auto keys = forget_old_keys(link_); !keys)
    return fail(keys.error());
  if (const auto keys = forget_dead_keys(link_, now); !keys)
    return fail(keys.error());
  if (const auto proofs = forget_proofs_of_the_gone(link_); !proofs)
    return fail(proofs.error());
  if (limits_.audit_retention_days > 0) {
    const auto forgotten = forget_audit(link_, now - std::chrono::days{limits_.audit_retention_days});
    if (!forgotten)
      return fail(forgotten.error());
  }
  if (const auto secrets = forget_previous_secrets(link_); !secrets)
    return fail(secrets.error());
  if (const auto logins = forget_old_device_logins(link_, now); !logins)
    return fail(logins.error());
  if (const auto keys = forget_old_fire_keys(link_, now); !keys)
    return fail(keys.error());
  std::size_t history = 0;
  if (limits_.execution_retention_days > 0) {
    const auto before = now - std::chrono::days{limits_.execution_retention_days};
    for (int round = 0; round < retention_rounds_at_most; ++round) {
      const auto deleted = delete_finished_executions(link_, before, retention_rows_at_once);
      if (!deleted)
        return fail(deleted.error());
      history += *deleted;
      if (*deleted < retention_rows_at_once)
        break;
    }
  }
  return link_.run([&](session& s) -> result<std::size_t> {
    const auto at = write_instant(now);
    return history + s.exec(clean_up_outbox, at).affected_rows() + s.exec(clean_up_events, at).affected_rows() +
           s.exec(clean_up_notices, at).affected_rows() + s.exec(clean_up_open_executions).affected_rows();
  });
}

} // namespace cued::persistence
