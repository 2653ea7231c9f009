#include "persistence/outcome_deadlines.hpp"

#include "persistence/alert_rows.hpp"
#include "persistence/failed_cues.hpp"
#include "persistence/open_executions.hpp"

namespace cued::persistence {
namespace {

/// Locks executions, then cues, each in id order, as everywhere. Whoever reports at this moment holds the row and is
/// left alone. Index: open_executions_deadline, executions_pkey, cues_pkey.
constexpr named_query expire_outcome_batch{"expire_outcome_batch",
                                           R"sql(
  WITH overdue AS (
    SELECT e.id FROM cued.open_executions o JOIN executions e ON e.id = o.execution_id
    WHERE o.deadline_at <= $1::timestamptz AND )sql" CUED_AWAITS_OUTCOME(
                                               "e") R"sql( AND e.outcome_deadline_at <= $1::timestamptz
    ORDER BY e.id
    LIMIT $2::int
    FOR UPDATE OF e SKIP LOCKED
  ), expired AS (
    UPDATE executions e
    SET status = 'outcome_timeout',
        error_message = 'No outcome reported within ' || coalesce(e.outcome_deadline_seconds::text || 's', 'its time'),
        updated_at = now()
    FROM overdue o
    WHERE e.id = o.id AND )sql" CUED_AWAITS_OUTCOME("e") R"sql(
    RETURNING e.id, e.cue_id, e.scheduled_for, e.outcome_deadline_seconds
  ), closed AS (
    )sql" CUED_CLOSE("expired") R"sql(
  ), cues_locked AS (
    SELECT c.id FROM cues c WHERE c.id IN (SELECT cue_id FROM expired) ORDER BY c.id FOR UPDATE
  ), ended AS (
    UPDATE cues c
    SET )sql" CUED_END_OF_FAILED_CUE R"sql(
    FROM cues_locked k WHERE c.id = k.id
    RETURNING c.id, c.user_id, c.name, c.callback_transport = 'webhook' AS webhook, c.overlap_policy
  ), told AS (
    SELECT x.id, n.user_id, x.cue_id, x.outcome_deadline_seconds, n.webhook, n.overlap_policy
    FROM expired x JOIN ended n ON n.id = x.cue_id
  )
  SELECT told.id, told.user_id, told.cue_id, told.outcome_deadline_seconds, told.webhook,
         next.id AS next_id, next.scheduled_for AS next_at
  FROM told LEFT JOIN )sql" CUED_NEXT_IN_LINE("told", "true") R"sql( ON true
)sql"};

} // namespace

expired_outcomes expire_outcomes(session& s, instant now, int limit) {
  expired_outcomes out;
  std::vector<new_alert> alerts;
  std::vector<ended_badly> ended;
  for (const auto& row : s.exec(expire_outcome_batch, write_instant(now), limit)) {
    const std::string execution_id = row[0].c_str(), user_id = row[1].c_str(), cue_id = row[2].c_str();
    const std::string seconds = row[3].is_null() ? "null" : row[3].c_str();
    alerts.push_back({user_id, cue_id, execution_id, "outcome_timeout", "warning",
                      "Execution " + execution_id + " was handed over, but no outcome was reported in time",
                      R"({"outcome_deadline_seconds": )" + seconds + "}"});
    ended.push_back({execution_id});
    if (!row["next_id"].is_null())
      out.released.push_back(
          {row["next_id"].c_str(), user_id, row["webhook"].as<bool>(), read_instant(row["next_at"].c_str())});
  }
  out.executions = ended.size();
  write_alerts(s, alerts);
  write_escalations(s, ended);
  return out;
}

} // namespace cued::persistence
