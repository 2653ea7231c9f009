#include "persistence/execution_changes.hpp"

#include <string_view>

#include "persistence/executions.hpp"

namespace cued::persistence {
namespace {

// Each statement has the same form: `found` is the caller's row as the statement saw it first, the UPDATE repeats its
// condition on the row as it is when its lock is held. No row from `found`: not there. A row but no update: refused.
// Indexes of all: executions_pkey, cues_pkey.

/// Sign of life. Moves updated_at, which is what stale recovery looks at.
constexpr named_query heartbeat_query{"execution_heartbeat", R"sql(
  WITH found AS (
    SELECT e.id, e.status, e.claimed_by_worker
    FROM executions e JOIN cues c ON c.id = e.cue_id
    WHERE e.id = $1::uuid AND c.user_id = $2::uuid
  ), alive AS (
    UPDATE executions e
    SET last_heartbeat_at = $4::timestamptz, updated_at = now()
    FROM found f
    WHERE e.id = f.id AND e.status = 'delivering'
      AND ($3::text IS NULL OR e.claimed_by_worker IS NULL OR e.claimed_by_worker = $3::text)
    RETURNING e.id
  )
  SELECT f.status = 'delivering' AND f.claimed_by_worker <> $3::text AS held_by_another,
         EXISTS (SELECT 1 FROM alive) AS done
  FROM found f
)sql"};

/// The list of states is domain/verification.hpp's column `accepted`, `rejected`; a test compares them.
constexpr named_query verdict_query{"execution_verdict", R"sql(
  WITH found AS (
    SELECT e.id
    FROM executions e JOIN cues c ON c.id = e.cue_id
    WHERE e.id = $1::uuid AND c.user_id = $2::uuid
  ), judged AS (
    UPDATE executions e
    SET outcome_state = CASE WHEN $3::bool THEN 'verified_success' ELSE 'verification_failed' END,
        evidence_validation_state = CASE WHEN $3::bool THEN 'valid' ELSE 'invalid' END,
        evidence_summary = CASE
          WHEN $3::bool OR coalesce($4::text, '') = '' THEN e.evidence_summary
          WHEN coalesce(e.evidence_summary, '') = '' THEN left($4::text, 500)
          ELSE left(e.evidence_summary || ' | verification rejected: ' || $4::text, 500) END,
        updated_at = now()
    FROM found f
    WHERE e.id = f.id AND e.outcome_state IN ('reported_success', 'reported_failure', 'verification_pending')
    RETURNING e.outcome_state
  )
  SELECT judged.outcome_state FROM found LEFT JOIN judged ON true
)sql"};

constexpr named_query park_query{"execution_verification_pending", R"sql(
  WITH found AS (
    SELECT e.id
    FROM executions e JOIN cues c ON c.id = e.cue_id
    WHERE e.id = $1::uuid AND c.user_id = $2::uuid
  ), parked AS (
    UPDATE executions e
    SET outcome_state = 'verification_pending', updated_at = now()
    FROM found f
    WHERE e.id = f.id AND e.outcome_recorded_at IS NOT NULL
    RETURNING e.id
  )
  SELECT EXISTS (SELECT 1 FROM parked) AS done FROM found
)sql"};

constexpr named_query evidence_query{"execution_evidence", R"sql(
  WITH found AS (
    SELECT e.id
    FROM executions e JOIN cues c ON c.id = e.cue_id
    WHERE e.id = $1::uuid AND c.user_id = $2::uuid
  ), enriched AS (
    UPDATE executions e
    SET evidence_external_id = coalesce($3::text, e.evidence_external_id),
        evidence_result_url = coalesce($4::text, e.evidence_result_url),
        evidence_result_ref = coalesce($5::text, e.evidence_result_ref),
        evidence_result_type = coalesce($6::text, e.evidence_result_type),
        evidence_summary = coalesce($7::text, e.evidence_summary),
        evidence_artifacts = coalesce($8::jsonb, e.evidence_artifacts),
        evidence_metadata = coalesce($9::jsonb, e.evidence_metadata),
        updated_at = now()
    FROM found f
    WHERE e.id = f.id AND e.outcome_recorded_at IS NOT NULL
    RETURNING e.id, e.outcome_state
  )
  SELECT enriched.id IS NOT NULL AS done, enriched.outcome_state FROM found LEFT JOIN enriched ON true
)sql"};

/// The first token wins. A repetition finds its own token and leaves the row's times alone.
constexpr named_query live_claim_query{"execution_live_claim", R"sql(
  WITH found AS (
    SELECT e.id
    FROM executions e JOIN cues c ON c.id = e.cue_id
    WHERE e.id = $1::uuid AND c.user_id = $2::uuid
  ), attested AS (
    UPDATE executions e
    SET live_claim_session_token = $3::text, live_claimed_at = coalesce(e.live_claimed_at, $4::timestamptz),
        updated_at = CASE WHEN e.live_claimed_at IS NULL THEN now() ELSE e.updated_at END
    FROM found f
    WHERE e.id = f.id AND (e.live_claimed_at IS NULL OR e.live_claim_session_token = $3::text)
    RETURNING e.live_claimed_at
  )
  SELECT attested.live_claimed_at FROM found LEFT JOIN attested ON true
)sql"};

error no_outcome() { return {409, "no_outcome", "No outcome has been recorded for this execution", {}, std::nullopt}; }

} // namespace

result<void> record_heartbeat(connection& db, const std::string& user_id, const std::string& execution_id,
                              const std::optional<std::string>& worker_id, instant now) {
  return db.run([&](session& s) -> result<void> {
    const auto rows = s.exec(heartbeat_query, execution_id, user_id, worker_id, write_instant(now));
    if (rows.empty())
      return fail(execution_not_found());
    if (rows[0]["done"].as<bool>())
      return {};
    if (rows[0]["held_by_another"].as<bool>(false))
      return fail(403, "not_execution_owner", "Another worker holds the claim on this execution");
    return fail(409, "execution_not_claiming", "The execution is not being worked on");
  });
}

result<std::string> give_verdict(connection& db, const std::string& user_id, const std::string& execution_id,
                                 bool valid, const std::optional<std::string>& reason) {
  return db.run([&](session& s) -> result<std::string> {
    const auto rows = s.exec(verdict_query, execution_id, user_id, valid, reason);
    if (rows.empty())
      return fail(execution_not_found());
    if (rows[0]["outcome_state"].is_null())
      return fail(409, "invalid_state", "The execution has no outcome that waits for a verdict");
    return std::string{rows[0]["outcome_state"].c_str()};
  });
}

result<void> park_for_verification(connection& db, const std::string& user_id, const std::string& execution_id) {
  return db.run([&](session& s) -> result<void> {
    const auto rows = s.exec(park_query, execution_id, user_id);
    if (rows.empty())
      return fail(execution_not_found());
    if (!rows[0]["done"].as<bool>())
      return fail(no_outcome());
    return {};
  });
}

result<std::optional<std::string>> add_evidence(connection& db, const std::string& user_id,
                                                const std::string& execution_id, const evidence_patch& patch) {
  return db.run([&](session& s) -> result<std::optional<std::string>> {
    const auto rows =
        s.exec(evidence_query, execution_id, user_id, patch.external_id, patch.result_url, patch.result_ref,
               patch.result_type, patch.summary, patch.artifacts_json, patch.metadata_json);
    if (rows.empty())
      return fail(execution_not_found());
    if (!rows[0]["done"].as<bool>())
      return fail(no_outcome());
    const auto state = rows[0]["outcome_state"];
    return state.is_null() ? std::nullopt : std::optional<std::string>{state.c_str()};
  });
}

result<instant> attest_live_claim(connection& db, const std::string& user_id, const std::string& execution_id,
                                  const std::string& session_token, instant now) {
  return db.run([&](session& s) -> result<instant> {
    const auto rows = s.exec(live_claim_query, execution_id, user_id, session_token, write_instant(now));
    if (rows.empty())
      return fail(execution_not_found());
    if (rows[0]["live_claimed_at"].is_null())
      return fail(409, "already_attested", "Another session has attested this execution");
    return read_instant(rows[0]["live_claimed_at"].c_str());
  });
}

} // namespace cued::persistence
