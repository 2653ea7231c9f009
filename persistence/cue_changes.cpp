#include "persistence/cue_changes.hpp"

#include "persistence/cue_counts.hpp"
#include "persistence/users.hpp"

namespace cued::persistence {
namespace {

/// $3: the limit, NULL if there is none. Index: unique_user_cue_name, cue_counts_by_user, cue_count_changes_by_user.
constexpr named_query admission{"cue_admission", R"sql(
  SELECT EXISTS (SELECT 1 FROM cues WHERE user_id = $1::uuid AND name = $2::text) AS name_is_taken,
         coalesce(counts.active + counts.paused >= $3::int, false) AS limit_is_reached, counts.unfolded
  FROM )sql" CUED_CUE_COUNTS_OF("$1::uuid") R"sql( counts
)sql"};

constexpr named_query insert_cue{"insert_cue", R"sql(
  INSERT INTO cues AS c (
    id, user_id, name, description, status, callback_transport, schedule_type, schedule_cron, schedule_at,
    schedule_timezone, callback_url, callback_method, callback_headers, payload, retry_max_attempts,
    retry_backoff_minutes, on_failure, verification_mode, next_run, retry_backoff_seconds, retry_jitter_percent,
    catch_up, catch_up_window_seconds, overlap_policy, outcome_deadline_seconds, run_count, fired_count, created_at,
    updated_at)
  VALUES ($1, $2::uuid, $3, $4, 'active', $5, $6, $7, $8::timestamptz, $9, $10, $11, $12::jsonb, $13::jsonb, $14::int,
          $15::jsonb, $16::jsonb, $17, $18::timestamptz, $19::jsonb, $20::int, $21, $22::int, $23, $24::int, 0, 0,
          now(), now())
  RETURNING )sql" CUED_CUE_COLUMNS};

/// Keeps the clock and other changes away; an execution may still be inserted. Index: cues_pkey.
constexpr named_query lock_cue{"lock_cue", R"sql(
  SELECT )sql" CUED_CUE_COLUMNS R"sql(
  FROM cues c WHERE c.id = $1::text AND c.user_id = $2::uuid
  FOR NO KEY UPDATE
)sql"};

/// A statement of its own after the lock, so that it sees what the clock committed while we waited for it.
/// Index: idx_executions_dedup for both.
constexpr named_query runs_of_once_cue{"runs_of_once_cue", R"sql(
  SELECT EXISTS (SELECT 1 FROM executions WHERE cue_id = $1::text AND scheduled_for = $2::timestamptz) AS at_has_run,
         EXISTS (SELECT 1 FROM executions WHERE cue_id = $1::text
                 AND status IN ('pending', 'delivering', 'retrying', 'retry_ready')) AS unfinished
)sql"};

/// NULL leaves a column as it is, but for those that may become NULL: $14 says whether there is a new schedule, $19
/// whether there is a new next_run, $26 a new outcome deadline; $10 comes with all that belongs to retries.
/// A value that stays does not touch its indexes. Index: cues_pkey.
constexpr named_query update_cue{"update_cue", R"sql(
  UPDATE cues c SET
    name = coalesce($3, name),
    description = coalesce($4, description),
    status = coalesce($5, status),
    callback_url = coalesce($6, callback_url),
    callback_method = coalesce($7, callback_method),
    callback_headers = coalesce($8::jsonb, callback_headers),
    payload = coalesce($9::jsonb, payload),
    retry_max_attempts = coalesce($10::int, retry_max_attempts),
    retry_backoff_minutes = coalesce($11::jsonb, retry_backoff_minutes),
    retry_backoff_seconds = CASE WHEN $10::int IS NULL THEN retry_backoff_seconds ELSE $21::jsonb END,
    retry_jitter_percent = CASE WHEN $10::int IS NULL THEN retry_jitter_percent ELSE $22::int END,
    catch_up = coalesce($23, catch_up),
    catch_up_window_seconds = coalesce($24::int, catch_up_window_seconds),
    overlap_policy = coalesce($25, overlap_policy),
    outcome_deadline_seconds = CASE WHEN $26::bool THEN $27::int ELSE outcome_deadline_seconds END,
    on_failure = coalesce($12::jsonb, on_failure),
    verification_mode = coalesce($13, verification_mode),
    schedule_type = coalesce($15, schedule_type),
    schedule_cron = CASE WHEN $14::bool THEN $16 ELSE schedule_cron END,
    schedule_at = CASE WHEN $14::bool THEN $17::timestamptz ELSE schedule_at END,
    schedule_timezone = coalesce($18, schedule_timezone),
    next_run = CASE WHEN $19::bool THEN $20::timestamptz ELSE next_run END,
    updated_at = now()
  WHERE id = $1::text AND user_id = $2::uuid
  RETURNING )sql" CUED_CUE_COLUMNS};

/// Locks out a fire that would add executions while they are being deleted. Index: cues_pkey.
constexpr named_query lock_cue_for_delete{"lock_cue_for_delete", R"sql(
  SELECT id FROM cues WHERE id = $1::text AND user_id = $2::uuid FOR UPDATE
)sql"};

/// Index: idx_executions_cue_id, cued_outbox_execution.
constexpr named_query delete_outbox_of_cue{"delete_outbox_of_cue", R"sql(
  DELETE FROM dispatch_outbox o USING executions e WHERE e.cue_id = $1::text AND o.execution_id = e.id
)sql"};

/// Index: idx_executions_cue_id, open_executions_pkey.
constexpr named_query delete_executions_of_cue{"delete_executions_of_cue", R"sql(
  WITH closed AS (
    DELETE FROM cued.open_executions WHERE cue_id = $1::text
  )
  DELETE FROM executions WHERE cue_id = $1::text
)sql"};

/// Index: cues_pkey.
constexpr named_query delete_cue_row{"delete_cue", R"sql(
  DELETE FROM cues WHERE id = $1::text AND user_id = $2::uuid
)sql"};

/// The stamp of spec/cues.md §5: a live session of the owner's agents listens over IPC. JSON null otherwise.
/// And the payload of this run, if $3 gives one of its own. Index: cues_pkey, ix_agent_live_sessions_cue_id.
constexpr named_query fired_cue{"fired_cue", R"sql(
  SELECT CASE WHEN EXISTS (
           SELECT 1 FROM agent_live_sessions s
           JOIN agents a ON a.id = s.agent_id
           WHERE s.cue_id = c.id AND s.transport = 'ipc' AND s.detached_at IS NULL AND a.user_id = c.user_id
         ) THEN '{"delivery_mode_requested": "ipc"}' ELSE 'null' END AS stamp,
         CASE WHEN $4::bool OR jsonb_typeof(c.payload) IS DISTINCT FROM 'object' THEN $3::jsonb
              ELSE c.payload || $3::jsonb END AS payload
  FROM cues c WHERE c.id = $1::text AND c.user_id = $2::uuid
)sql"};

tl::unexpected<error> duplicate_name() {
  return fail(409, "duplicate_cue_name", "A cue with this name already exists");
}

std::optional<std::string> written(const std::optional<instant>& t) {
  return t ? std::optional{write_instant(*t)} : std::nullopt;
}

/// Returns how many changes of the account's counts are not folded yet.
result<std::int64_t> admit(session& s, const std::string& user_id, const std::string& name,
                           std::optional<int> active_limit) {
  const auto rows = s.exec(admission, user_id, name, active_limit);
  if (rows[0]["name_is_taken"].as<bool>())
    return duplicate_name();
  if (rows[0]["limit_is_reached"].as<bool>())
    return fail(403, "cue_limit_exceeded",
                "Active cue limit reached (" + std::to_string(*active_limit) + "). Delete or complete a cue first");
  return rows[0]["unfolded"].as<std::int64_t>();
}

cue_row insert(session& s, const new_cue& cue) {
  const auto rows = s.exec(
      insert_cue, cue.id, cue.user_id, cue.name, cue.description, cue.transport, cue.schedule.type, cue.schedule.cron,
      written(cue.schedule.at), cue.schedule.timezone, cue.callback_url, cue.callback_method, cue.callback_headers_json,
      cue.payload_json, cue.retry.max_attempts, cue.retry.backoff_json, cue.on_failure_json, cue.verification_mode,
      written(cue.next_run), cue.retry.backoff_seconds_json, cue.retry.jitter_percent, cue.policies.catch_up,
      cue.policies.catch_up_window_seconds, cue.policies.overlap, cue.policies.outcome_deadline_seconds);
  return read_cue(rows[0]);
}

cue_row update(session& s, const std::string& user_id, const std::string& cue_id, const cue_changes& c) {
  const auto schedule = c.schedule.value_or(cue_schedule{});
  const auto retry = c.retry.value_or(cue_retry{});
  const auto given = [&](const std::string& part) { return c.schedule ? std::optional{part} : std::nullopt; };
  const auto rows =
      s.exec(update_cue, cue_id, user_id, c.name, c.description, c.status, c.callback_url, c.callback_method,
             c.callback_headers_json, c.payload_json, c.retry ? std::optional{retry.max_attempts} : std::nullopt,
             c.retry ? std::optional{retry.backoff_json} : std::nullopt, c.on_failure_json, c.verification_mode,
             c.schedule.has_value(), given(schedule.type), schedule.cron, written(schedule.at),
             given(schedule.timezone), c.next_run.has_value(), written(c.next_run.value_or(std::nullopt)),
             retry.backoff_seconds_json, retry.jitter_percent, c.catch_up, c.catch_up_window_seconds, c.overlap,
             c.outcome_deadline_seconds.has_value(), c.outcome_deadline_seconds.value_or(std::nullopt));
  return read_cue(rows[0]);
}

} // namespace

result<void> admit_cue(connection& db, const std::string& user_id, const std::string& name,
                       std::optional<int> active_limit) {
  return db.run(
      [&](session& s) -> result<void> { return admit(s, user_id, name, active_limit).map([](std::int64_t) {}); });
}

result<cue_row> create_cue(connection& db, const new_cue& cue, std::optional<int> active_limit) {
  return db.in_transaction([&](session& s) -> result<cue_row> {
    lock_cue_creates(s, cue.user_id);
    const auto unfolded = admit(s, cue.user_id, cue.name, active_limit);
    if (!unfolded)
      return fail(unfolded.error());
    if (*unfolded >= changes_worth_folding)
      fold_cue_counts_of(s, cue.user_id);
    try {
      return insert(s, cue);
    } catch (const pqxx::unique_violation&) { // a PATCH or the reference took the name in between
      return duplicate_name();
    } catch (const pqxx::foreign_key_violation&) {
      return user_not_found();
    }
  });
}

result<cue_row> change_cue(connection& db, const std::string& user_id, const std::string& cue_id,
                           const change_plan& plan) {
  return db.in_transaction([&](session& s) -> result<cue_row> {
    const auto rows = s.exec(lock_cue, cue_id, user_id);
    if (rows.empty())
      return cue_not_found();
    cue_before_change before{read_cue(rows[0])};
    if (before.cue.schedule_type == "once") {
      const auto runs = s.exec(runs_of_once_cue, cue_id, written(before.cue.at));
      before.at_has_run = runs[0]["at_has_run"].as<bool>();
      before.unfinished = runs[0]["unfinished"].as<bool>();
    }
    const auto changes = plan(before);
    if (!changes)
      return fail(changes.error());
    try {
      return update(s, user_id, cue_id, *changes);
    } catch (const pqxx::unique_violation&) {
      return duplicate_name();
    }
  });
}

result<void> delete_cue(connection& db, const std::string& user_id, const std::string& cue_id) {
  return db.in_transaction([&](session& s) -> result<void> {
    if (s.exec(lock_cue_for_delete, cue_id, user_id).empty())
      return cue_not_found();
    s.exec(delete_outbox_of_cue, cue_id);
    s.exec(delete_executions_of_cue, cue_id);
    s.exec(delete_cue_row, cue_id, user_id);
    return {};
  });
}

result<fired_execution> fire_cue(connection& db, const cue_firing& firing) {
  return db.in_transaction([&](session& s) -> result<fired_execution> {
    const auto rows =
        s.exec(fired_cue, firing.cue_id, firing.user_id, firing.payload_override_json, firing.replaces_payload);
    if (rows.empty())
      return cue_not_found();
    if (firing.idempotency) {
      const auto before = take_fire_key(s, firing.cue_id, *firing.idempotency, firing.execution_id, firing.asked_at);
      if (!before)
        return fail(before.error());
      if (*before)
        return fired_execution{{(*before)->scheduled_for}, (*before)->execution_id, true};
    }
    new_execution wanted;
    wanted.id = firing.execution_id;
    wanted.cue_id = firing.cue_id;
    wanted.scheduled_for = firing.scheduled_for;
    wanted.triggered_by = "manual_fire";
    wanted.outcome_metadata_json = rows[0]["stamp"].as<std::string>();
    if (!rows[0]["payload"].is_null())
      wanted.payload_override_json = rows[0]["payload"].as<std::string>();
    wanted.scheduled_for_text = firing.scheduled_for_text;
    wanted.in_the_future = firing.in_the_future;
    return create_execution(s, wanted).map([&](const created_execution& made) {
      return fired_execution{made, firing.execution_id, false};
    });
  });
}

named_query cue_admission_statement() { return admission; }

} // namespace cued::persistence
