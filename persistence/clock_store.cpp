#include "persistence/clock_store.hpp"

#include "persistence/outbox.hpp"

namespace cued::persistence {
namespace {

#define CUED_ARMED_COLUMNS "id, next_run, schedule_type = 'recurring', coalesce(schedule_cron, ''), schedule_timezone"

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
/// row itself: instant, cron and zone must be what the clock computed with, so that a change of the schedule and a
/// firing cannot both win. Cues are locked in id order, as everywhere.
/// Index: cues_pkey, idx_executions_dedup (the arbiter), users_pkey.
constexpr named_query fire_batch{"fire_batch", R"sql(
  WITH due AS (
    SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::text[], $4::text[], $5::uuid[], $6::timestamptz[],
                         $7::bool[])
      AS d(cue_id, instant, cron, zone, execution_id, following, exhausted)
  ), locked AS (
    SELECT c.id, c.user_id, c.callback_transport = 'webhook' AS webhook, d.instant, d.execution_id, d.following,
           d.exhausted
    FROM due d
    JOIN cues c ON c.id = d.cue_id AND c.status = 'active' AND c.next_run = d.instant
      AND coalesce(c.schedule_cron, '') = d.cron AND c.schedule_timezone = d.zone
    ORDER BY c.id
    FOR UPDATE OF c
  ), made AS (
    INSERT INTO executions (id, cue_id, scheduled_for, status, attempts, created_at, updated_at)
    SELECT execution_id, id, instant, 'pending', 0, now(), now() FROM locked
    ON CONFLICT (cue_id, scheduled_for) DO NOTHING
    RETURNING id, cue_id
  ), moved AS (
    UPDATE cues c
    SET next_run = l.following, fired_count = c.fired_count + CASE WHEN m.id IS NULL THEN 0 ELSE 1 END,
        status = CASE WHEN l.exhausted THEN 'completed' ELSE c.status END, updated_at = now()
    FROM locked l LEFT JOIN made m ON m.cue_id = l.id
    WHERE c.id = l.id
  ), queued AS (
    INSERT INTO dispatch_outbox (execution_id, cue_id, task_type, payload, dispatched, dispatch_attempts, created_at)
    SELECT l.execution_id, l.id, 'deliver', )sql" CUED_OUTBOX_PAYLOAD(
                                                   "l.execution_id", CUED_OFFSET_TIME("l.instant"),
                                                   "CASE WHEN jsonb_typeof(c.payload) = 'object' THEN c.payload ELSE "
                                                   "'{}'::jsonb END",
                                                   "c.retry_backoff_minutes") R"sql(
           || jsonb_build_object('monthly_execution_limit', u.monthly_execution_limit), false, 0, now()
    FROM made m JOIN locked l ON l.id = m.cue_id JOIN cues c ON c.id = l.id LEFT JOIN users u ON u.id = l.user_id
    WHERE l.webhook
  )
  SELECT l.id, l.user_id, l.execution_id, l.webhook, m.id IS NOT NULL, l.instant
  FROM locked l LEFT JOIN made m ON m.cue_id = l.id
)sql"};

/// Index: cues_pkey.
constexpr named_query disarm_cue{"disarm_cue", R"sql(
  UPDATE cues SET next_run = NULL, updated_at = now()
  WHERE id = $1 AND status = 'active' AND next_run = $2::timestamptz
  RETURNING id
)sql"};

armed_cue read_armed(const pqxx::row& row) {
  return {row[0].c_str(), read_instant(row[1].c_str()), row[2].as<bool>(), row[3].c_str(), row[4].c_str()};
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

result<std::vector<fired_cue>> postgres_clock_store::fire(const std::vector<firing>& due) {
  array_builder cues, instants, crons, zones, executions, followings, exhausted;
  for (const auto& f : due) {
    cues.add(f.cue.cue_id);
    instants.add(write_instant(f.cue.next_run));
    crons.add(f.cue.cron);
    zones.add(f.cue.time_zone);
    executions.add(f.execution_id);
    followings.add_or_null(f.following ? std::optional{write_instant(*f.following)} : std::nullopt);
    exhausted.add(f.exhausted ? "t" : "f");
  }
  const auto cue_list = std::move(cues).str(), instant_list = std::move(instants).str(),
             cron_list = std::move(crons).str(), zone_list = std::move(zones).str(),
             execution_list = std::move(executions).str(), following_list = std::move(followings).str(),
             exhausted_list = std::move(exhausted).str();
  return link_.run([&](session& s) -> result<std::vector<fired_cue>> {
    std::vector<fired_cue> out;
    for (const auto& row : s.exec(fire_batch, cue_list, instant_list, cron_list, zone_list, execution_list,
                                  following_list, exhausted_list))
      out.push_back({row[0].c_str(), row[1].c_str(), row[2].c_str(), row[3].as<bool>(), row[4].as<bool>(),
                     read_instant(row[5].c_str())});
    return out;
  });
}

result<bool> postgres_clock_store::disarm(const std::string& cue_id, instant next_run) {
  return link_.run(
      [&](session& s) -> result<bool> { return !s.exec(disarm_cue, cue_id, write_instant(next_run)).empty(); });
}

} // namespace cued::persistence
