#include "persistence/alert_rows.hpp"

#include <unordered_set>

namespace cued::persistence {
namespace {

/// Whoever wants to write one of these alerts waits here until the others have committed, so that the next statement,
/// whose snapshot is younger, sees what they wrote. In key order, so that two transactions cannot deadlock.
constexpr named_query lock_alerts{"lock_alerts", R"sql(
  SELECT pg_advisory_xact_lock(hashtextextended(key, 20261124))
  FROM (SELECT DISTINCT key FROM unnest($1::text[]) AS k(key) ORDER BY key) AS k
)sql"};

/// Index: ix_alerts_user_created, users_pkey.
constexpr named_query insert_alerts{"insert_alerts", R"sql(
  WITH asked AS (
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[])
      AS a(user_id, cue_id, execution_id, alert_type, severity, message, metadata)
  ), written AS (
    INSERT INTO alerts (id, user_id, cue_id, execution_id, alert_type, severity, message, metadata, acknowledged,
                        created_at)
    SELECT gen_random_uuid(), a.user_id, a.cue_id, a.execution_id, a.alert_type, a.severity, a.message,
           a.metadata::jsonb, false, now()
    FROM asked a
    WHERE NOT EXISTS (
      SELECT 1 FROM alerts o
      WHERE o.user_id = a.user_id AND o.alert_type = a.alert_type AND o.created_at > now() - interval '300 seconds'
        AND CASE WHEN a.alert_type = 'consecutive_failures' THEN o.cue_id = a.cue_id
                 ELSE o.execution_id = a.execution_id END)
    RETURNING *
  ), noticed AS (
    )sql" CUED_NOTICES_OF_ALERTS("written") R"sql(
  )
  SELECT count(*) FROM written
)sql"};

/// A letter unless the cue says no, a failure webhook if it names one. `on_failure` may be absent or JSON null.
/// Index: executions_pkey, cues_pkey.
constexpr named_query insert_escalations{"insert_escalations", R"sql(
  WITH ended AS (
    SELECT e.id, c.id AS cue_id, c.user_id, c.name, c.on_failure, left(e.error_message, 500) AS error, a.attempts,
           a.http_status, )sql" CUED_OFFSET_TIME("now()") R"sql( AS failed_at
    FROM unnest($1::uuid[], $2::int[], $3::int[]) AS a(id, attempts, http_status)
    JOIN executions e ON e.id = a.id
    JOIN cues c ON c.id = e.cue_id
  ), written AS (
    INSERT INTO cued.notices (kind, user_id, cue_id, execution_id, content, status)
    SELECT 'escalation', user_id, cue_id, id, jsonb_build_object('url', on_failure ->> 'webhook', 'cue_name', name,
             'attempts', attempts, 'last_http_status', http_status, 'last_error', error, 'failed_at', failed_at),
           'pending'
    FROM ended WHERE on_failure ->> 'webhook' <> ''
    UNION ALL
    SELECT 'mail', user_id, cue_id, id, jsonb_build_object('letter', 'execution_failed', 'cue_name', name, 'error',
             error, 'failed_at', failed_at), 'pending'
    FROM ended WHERE coalesce(on_failure ->> 'email', 'true') <> 'false'
    RETURNING 1
  )
  SELECT count(*) FROM written
)sql"};

/// What must not be told twice within 300 s; nothing for an alert that is about neither.
std::optional<std::string> repetition_key(const new_alert& a) {
  const auto& about = a.alert_type == "consecutive_failures" ? a.cue_id : a.execution_id;
  return about ? std::optional{a.user_id + ' ' + a.alert_type + ' ' + *about} : std::nullopt;
}

} // namespace

std::size_t write_alerts(session& s, const std::vector<new_alert>& alerts) {
  if (alerts.empty())
    return 0;
  std::unordered_set<std::string> told;
  array_builder keys, users, cues, executions, types, severities, messages, metadata;
  for (const auto& a : alerts) {
    if (const auto key = repetition_key(a)) {
      if (!told.insert(*key).second)
        continue;
      keys.add(*key);
    }
    users.add(a.user_id);
    cues.add_or_null(a.cue_id);
    executions.add_or_null(a.execution_id);
    types.add(a.alert_type);
    severities.add(a.severity);
    messages.add(a.message);
    metadata.add(a.metadata_json);
  }
  s.exec(lock_alerts, std::move(keys).str());
  return s
      .exec(insert_alerts, std::move(users).str(), std::move(cues).str(), std::move(executions).str(),
            std::move(types).str(), std::move(severities).str(), std::move(messages).str(),
            std::move(metadata).str())[0][0]
      .as<std::size_t>();
}

std::size_t write_escalations(session& s, const std::vector<ended_badly>& executions) {
  if (executions.empty())
    return 0;
  array_builder ids, attempts, statuses;
  for (const auto& e : executions) {
    ids.add(e.execution_id);
    attempts.add(std::to_string(e.attempts));
    statuses.add_or_null(e.last_http_status ? std::optional{std::to_string(*e.last_http_status)} : std::nullopt);
  }
  return s.exec(insert_escalations, std::move(ids).str(), std::move(attempts).str(), std::move(statuses).str())[0][0]
      .as<std::size_t>();
}

} // namespace cued::persistence
