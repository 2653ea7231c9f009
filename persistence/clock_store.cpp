#include "persistence/clock_store.hpp"

#include "persistence/alert_rows.hpp"
#include "persistence/open_executions.hpp"
#include "persistence/outbox.hpp"

namespace cued::persistence {
namespace {

#define CUED_ARMED_COLUMNS                                                                                             \
  "id, next_run, schedule_type = 'recurring', coalesce(schedule_cron, ''), schedule_timezone, catch_up, "              \
  "catch_up_window_seconds"

/// The clock's horizon. Index: idx_cues_due (ix_cues_next_run where the tables were made from models).
constexpr named_query armed_until_horizon{"armed_until_horizon", "SELECT " CUED_ARMED_COLUMNS R"sql(
  FROM cues
  WHERE status = 'active' AND next_run IS NOT NULL AND next_run < $1::timestamptz
  ORDER BY next_run
  LIMIT $2::int
)sql"};

/// Index: cues_pkey.
constexpr named_query armed_cue_by_id{"armed_cue_by_id", "SELECT " CUED_ARMED_COLUMNS R"sql(
  FROM cues WHERE id = $1 AND status = 'active' AND next_run IS NOT NULL
)sql"};

/// Fires a batch: one execution per (cue, instant) and its outbox row, the counter, the next instant. The guard is the
/// row itself: instant, cron, zone and policy must be what the clock computed with, so that a change of the schedule
/// and a firing cannot both win. Cues are locked in id order, as everywhere. Overlap: `room` is how many more
/// executions the cue may have under way; `skip` allows one, `queue_one` one and one that waits. It counts what is open
/// besides this batch. Whoever fires a cue moves its next_run, so a count that was taken before somebody else's firing
/// belongs to a row that fails the guard. A one-time cue has nothing to overlap. Index: cues_pkey, idx_executions_dedup
/// (the arbiter), users_pkey, cued_executions_open, cued_executions_awaited.
constexpr named_query fire_batch{"fire_batch", R"sql(
  WITH due AS (
    SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::int[],
                         $7::timestamptz[], $8::bool[])
      AS d(cue_id, next_run, cron, zone, catch_up, catch_up_window, following, exhausted)
  ), locked AS (
    SELECT c.id, c.user_id, c.callback_transport = 'webhook' AS webhook, d.following, d.exhausted,
           CASE WHEN c.schedule_type <> 'once' THEN c.overlap_policy END AS overlap_policy
    FROM due d
    JOIN cues c ON c.id = d.cue_id AND c.status = 'active' AND c.next_run = d.next_run
      AND coalesce(c.schedule_cron, '') = d.cron AND c.schedule_timezone = d.zone
      AND c.catch_up IS NOT DISTINCT FROM d.catch_up
      AND c.catch_up_window_seconds IS NOT DISTINCT FROM d.catch_up_window
    ORDER BY c.id
    FOR UPDATE OF c
  ), slots AS (
    SELECT s.cue_id, s.at, s.execution_id, s.backfilled, s.missed, l.overlap_policy,
           row_number() OVER (PARTITION BY s.cue_id ORDER BY s.at) AS turn
    FROM unnest($9::text[], $10::timestamptz[], $11::uuid[], $12::bool[], $13::bool[])
      AS s(cue_id, at, execution_id, backfilled, missed)
    JOIN locked l ON l.id = s.cue_id
  ), room AS (
    SELECT n.cue_id, CASE n.policy WHEN 'skip' THEN 1 ELSE 2 END - under_way.executions AS executions
    FROM (SELECT cue_id, max(at) AS newest, max(overlap_policy) AS policy FROM slots
          WHERE overlap_policy IN ('skip', 'queue_one') GROUP BY cue_id) n
    CROSS JOIN LATERAL (
      SELECT count(*) AS executions FROM (
        SELECT e.id FROM executions e
        WHERE e.cue_id = n.cue_id AND e.scheduled_for <= n.newest AND )sql" CUED_IS_UNFINISHED("e") R"sql(
        UNION
        SELECT e.id FROM executions e
        WHERE e.cue_id = n.cue_id AND e.scheduled_for <= n.newest AND )sql" CUED_AWAITS_OUTCOME("e") R"sql(
      ) open
    ) under_way
  ), judged AS (
    SELECT s.*, room.executions IS NULL OR s.turn <= room.executions AS fits
    FROM slots s LEFT JOIN room ON room.cue_id = s.cue_id
  ), made AS (
    INSERT INTO executions (id, cue_id, scheduled_for, status, attempts, backfilled, error_message, created_at,
                            updated_at)
    SELECT execution_id, cue_id, at, CASE WHEN missed THEN 'missed' ELSE 'pending' END, 0,
           CASE WHEN backfilled THEN true END,
           CASE WHEN missed THEN 'Missed: its time passed while nothing could run, and catch_up does not make up for it'
                END, now(), now()
    FROM judged WHERE fits
    ON CONFLICT (cue_id, scheduled_for) DO NOTHING
    RETURNING id, cue_id, scheduled_for, status
  ), counted AS (
    SELECT cue_id, count(*) FILTER (WHERE status = 'pending')::int AS fired, bool_or(status = 'missed') AS missed
    FROM made GROUP BY cue_id
  ), moved AS (
    UPDATE cues c
    SET next_run = l.following, fired_count = c.fired_count + coalesce(n.fired, 0),
        status = CASE WHEN l.exhausted THEN 'completed' WHEN n.missed THEN 'failed' ELSE c.status END,
        updated_at = now()
    FROM locked l LEFT JOIN counted n ON n.cue_id = l.id
    WHERE c.id = l.id
  ), queued AS (
    INSERT INTO dispatch_outbox (execution_id, cue_id, task_type, payload, dispatched, dispatch_attempts, created_at)
    SELECT m.id, c.id, 'deliver', )sql" CUED_OUTBOX_PAYLOAD(
                                                   "m.id", CUED_OFFSET_TIME("m.scheduled_for"),
                                                   "CASE WHEN jsonb_typeof(c.payload) = 'object' THEN c.payload ELSE "
                                                   "'{}'::jsonb END",
                                                   "c.retry_backoff_minutes") R"sql(
           || jsonb_build_object('monthly_execution_limit', u.monthly_execution_limit), false, 0, now()
    FROM made m JOIN locked l ON l.id = m.cue_id JOIN cues c ON c.id = l.id LEFT JOIN users u ON u.id = l.user_id
    WHERE l.webhook AND m.status = 'pending'
    ORDER BY m.scheduled_for
  )
  SELECT l.id, l.user_id, l.webhook, j.execution_id, j.at, coalesce(j.backfilled, false),
         m.id IS NOT NULL AND m.status = 'pending', NOT coalesce(j.fits, true)
  FROM locked l LEFT JOIN judged j ON j.cue_id = l.id LEFT JOIN made m ON m.id = j.execution_id
  ORDER BY j.at
)sql"};

armed_cue read_armed(const pqxx::row& row) {
  armed_cue out{row[0].c_str(), read_instant(row[1].c_str()), row[2].as<bool>(), row[3].c_str(), row[4].c_str()};
  if (!row[5].is_null())
    out.catch_up = row[5].c_str();
  if (!row[6].is_null())
    out.catch_up_window_seconds = row[6].as<int>();
  return out;
}

fired_slot read_slot(const pqxx::row& row) {
  fired_slot out{row[0].c_str(), row[1].c_str(), row[2].as<bool>(), ""};
  if (row[3].is_null())
    return out;
  out.execution_id = row[3].c_str();
  out.scheduled_for = read_instant(row[4].c_str());
  out.backfilled = row[5].as<bool>();
  out.created = row[6].as<bool>();
  out.skipped = row[7].as<bool>();
  return out;
}

} // namespace

result<std::vector<armed_cue>> postgres_clock_store::armed_until(instant horizon, std::size_t limit) {
  return link_.run([&](session& s) -> result<std::vector<armed_cue>> {
    std::vector<armed_cue> out;
    for (const auto& row : s.exec(armed_until_horizon, write_instant(horizon), static_cast<long>(limit)))
      out.push_back(read_armed(row));
    return out;
  });
}

result<std::optional<armed_cue>> postgres_clock_store::find_armed(const std::string& cue_id) {
  return link_.run([&](session& s) -> result<std::optional<armed_cue>> {
    const auto rows = s.exec(armed_cue_by_id, cue_id);
    return rows.empty() ? std::nullopt : std::optional{read_armed(rows[0])};
  });
}

result<std::vector<fired_slot>> postgres_clock_store::fire(const std::vector<firing>& due) {
  array_builder cues, next_runs, crons, zones, policies, windows, followings, exhausted;
  array_builder slot_cues, instants, executions, backfilled, missed;
  std::vector<ended_badly> given_up;
  for (const auto& f : due) {
    cues.add(f.cue.cue_id);
    next_runs.add(write_instant(f.cue.next_run));
    crons.add(f.cue.cron);
    zones.add(f.cue.time_zone);
    policies.add_or_null(f.cue.catch_up);
    windows.add_or_null(f.cue.catch_up_window_seconds ? std::optional{std::to_string(*f.cue.catch_up_window_seconds)}
                                                      : std::nullopt);
    followings.add_or_null(f.following ? std::optional{write_instant(*f.following)} : std::nullopt);
    exhausted.add(f.exhausted ? "t" : "f");
    for (const auto& slot : f.slots) {
      slot_cues.add(f.cue.cue_id);
      instants.add(write_instant(slot.at));
      executions.add(slot.execution_id);
      backfilled.add(slot.backfilled ? "t" : "f");
      missed.add(slot.missed ? "t" : "f");
      if (slot.missed)
        given_up.push_back({slot.execution_id});
    }
  }
  const auto cue_list = std::move(cues).str(), next_run_list = std::move(next_runs).str(),
             cron_list = std::move(crons).str(), zone_list = std::move(zones).str(),
             policy_list = std::move(policies).str(), window_list = std::move(windows).str(),
             following_list = std::move(followings).str(), exhausted_list = std::move(exhausted).str(),
             slot_cue_list = std::move(slot_cues).str(), instant_list = std::move(instants).str(),
             execution_list = std::move(executions).str(), backfilled_list = std::move(backfilled).str(),
             missed_list = std::move(missed).str();
  const auto fire_all = [&](session& s) -> result<std::vector<fired_slot>> {
    std::vector<fired_slot> out;
    for (const auto& row :
         s.exec(fire_batch, cue_list, next_run_list, cron_list, zone_list, policy_list, window_list, following_list,
                exhausted_list, slot_cue_list, instant_list, execution_list, backfilled_list, missed_list))
      out.push_back(read_slot(row));
    write_escalations(s, given_up);
    return out;
  };
  return given_up.empty() ? link_.run(fire_all) : link_.in_transaction(fire_all);
}

} // namespace cued::persistence
