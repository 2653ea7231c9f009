#include "persistence/outbox.hpp"

#include "persistence/executions.hpp"

#include "domain/execution_state.hpp"

namespace cued::persistence {
namespace {

/// The execution and its outbox row, or neither, also outside a transaction. The cue is locked against deletion, for
/// not every schema has the foreign key (spec/schema.md §6). Says nothing about the execution when its instant was
/// taken. Index: cues_pkey, idx_executions_dedup, users_pkey.
constexpr named_query create_execution_query{"create_execution",
                                             R"sql(
  WITH cue AS (
    SELECT id, callback_transport FROM cues WHERE id = $2::text FOR KEY SHARE
  ), made AS (
    INSERT INTO executions (id, cue_id, scheduled_for, status, attempts, triggered_by, outcome_metadata,
                            payload_override, created_at, updated_at)
    SELECT $1::uuid, id, $3::timestamptz, 'pending', 0, $4::text, $5::jsonb, $6::jsonb, now(), now() FROM cue
    ON CONFLICT (cue_id, scheduled_for) DO NOTHING
    RETURNING id, cue_id, scheduled_for, payload_override
  ), queued AS (
    INSERT INTO dispatch_outbox (execution_id, cue_id, task_type, payload, dispatched, dispatch_attempts, scheduled_at,
                                 created_at)
    SELECT e.id, e.cue_id, 'deliver', )sql" CUED_OUTBOX_PAYLOAD(
                                                 "e.id", "coalesce($7::text, " CUED_OFFSET_TIME("e.scheduled_for") ")",
                                                 CUED_EFFECTIVE_PAYLOAD, CUED_BACKOFF_OR_DEFAULT) R"sql(,
           false, 0, CASE WHEN $8::bool THEN e.scheduled_for END, now()
    FROM made e
    JOIN cues c ON c.id = e.cue_id
    LEFT JOIN users u ON u.id = c.user_id
    WHERE c.callback_transport = 'webhook' AND c.callback_url <> ''
  )
  SELECT cue.callback_transport = 'webhook' AS webhook, made.scheduled_for
  FROM cue LEFT JOIN made ON true
)sql"};

/// The microsecond after the last execution in the second that begins at an instant which is taken.
/// Index: idx_executions_dedup.
constexpr named_query next_free_instant{"next_free_execution_instant", R"sql(
  SELECT max(scheduled_for) + interval '1 microsecond'
  FROM executions
  WHERE cue_id = $1::text AND scheduled_for >= $2::timestamptz
    AND scheduled_for < $2::timestamptz + interval '1 second'
)sql"};

/// What a replay takes over. Index: executions_pkey, cues_pkey.
constexpr named_query replayed_original{"replayed_original", R"sql(
  SELECT e.cue_id, e.status, e.payload_override
  FROM executions e
  JOIN cues c ON c.id = e.cue_id
  WHERE e.id = $1::uuid AND c.user_id = $2::uuid
)sql"};

/// How often a taken instant is moved on before we give up: each time somebody else was faster.
constexpr int instant_tries = 20;

} // namespace

result<created_execution> create_execution(session& s, const new_execution& wanted) {
  auto at = wanted.scheduled_for;
  for (int i = 0; i < instant_tries; ++i) {
    const auto text = at == wanted.scheduled_for ? wanted.scheduled_for_text : std::nullopt;
    const auto rows = s.exec(create_execution_query, wanted.id, wanted.cue_id, write_instant(at), wanted.triggered_by,
                             wanted.outcome_metadata_json, wanted.payload_override_json, text, wanted.in_the_future);
    if (rows.empty())
      return fail(404, "cue_not_found", "Cue not found");
    if (!rows[0]["scheduled_for"].is_null())
      return created_execution{at, rows[0]["webhook"].as<bool>()};
    const auto free = s.exec(next_free_instant, wanted.cue_id, write_instant(at));
    if (!free[0][0].is_null()) // else whoever had it is gone again
      at = read_instant(free[0][0].c_str());
  }
  return fail(409, "duplicate_execution", "The cue already has an execution at that time");
}

result<replayed_execution> replay_execution(connection& db, const std::string& user_id, const std::string& original_id,
                                            const std::string& id, instant now) {
  return db.in_transaction([&](session& s) -> result<replayed_execution> {
    const auto found = s.exec(replayed_original, original_id, user_id);
    if (found.empty())
      return fail(execution_not_found());
    const auto status = execution_status_from(found[0]["status"].c_str());
    if (!status || !is_finished(*status))
      return fail(409, "execution_in_flight", "Only a finished execution can be replayed");

    new_execution again;
    again.id = id;
    again.cue_id = found[0]["cue_id"].c_str();
    again.scheduled_for = now;
    again.triggered_by = "replay";
    if (!found[0]["payload_override"].is_null())
      again.payload_override_json = found[0]["payload_override"].c_str();
    return create_execution(s, again).map([&](const created_execution& made) {
      return replayed_execution{again.id, again.cue_id, made.scheduled_for, made.webhook};
    });
  });
}

} // namespace cued::persistence
