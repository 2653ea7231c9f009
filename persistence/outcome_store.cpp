#include "persistence/outcome_store.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "persistence/alert_rows.hpp"
#include "persistence/open_executions.hpp"

namespace cued::persistence {
namespace {

/// Records reports: the execution row (once), the verdict of its cue's verification mode, and for worker cues the end
/// of the execution and of a one-time cue. Rows are locked executions first, then cues, each in id order, as in every
/// statement of ours, so two batches cannot deadlock.
/// The verdict's CASE is the table of domain/verification.hpp; a test walks every cell of both.
/// A row that this very batch wrote before its commit fell into doubt (same recorded_at) counts as recorded.
/// Index: executions_pkey, cues_pkey.
constexpr named_query record_outcome_batch{"record_outcome_batch",
                                           R"sql(
  WITH asked AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bool[], $4::text[], $5::text[], $6::text[], $7::text[],
                         $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::bool[])
      AS a(id, user_id, success, result, error, metadata, external_id, result_url, result_ref, result_type, summary,
           artifacts, refused)
  ), locked AS (
    SELECT e.id, a.user_id, e.cue_id, e.outcome_recorded_at, e.outcome_state AS old_state,
           c.callback_transport = 'worker' AS by_worker, c.schedule_type = 'once' AS once,
           e.scheduled_for, coalesce(e.backfilled, false) AS backfilled, c.overlap_policy,
           a.success, a.result, a.error, a.metadata, a.external_id, a.result_url, a.result_ref, a.result_type,
           a.summary, a.artifacts, a.refused,
           CASE WHEN NOT a.success THEN 'reported_failure'
                WHEN c.verification_mode = 'manual' THEN 'verification_pending'
                WHEN c.verification_mode = 'require_external_id'
                  THEN CASE WHEN a.external_id IS NULL THEN 'verification_failed' ELSE 'verified_success' END
                WHEN c.verification_mode = 'require_result_url'
                  THEN CASE WHEN a.result_url IS NULL THEN 'verification_failed' ELSE 'verified_success' END
                WHEN c.verification_mode = 'require_artifacts'
                  THEN CASE WHEN a.artifacts IS NULL THEN 'verification_failed' ELSE 'verified_success' END
                ELSE 'reported_success'
           END AS new_state
    FROM asked a
    JOIN executions e ON e.id = a.id
    JOIN cues c ON c.id = e.cue_id AND c.user_id = a.user_id
    ORDER BY e.id
    FOR UPDATE OF e
  ), fresh AS (
    SELECT * FROM locked WHERE outcome_recorded_at IS NULL AND NOT refused
  ), written AS (
    UPDATE executions e
    SET outcome_success = f.success, outcome_result = f.result, outcome_error = f.error,
        outcome_metadata = f.metadata::jsonb, outcome_recorded_at = $14::timestamptz, outcome_state = f.new_state,
        evidence_validation_state = CASE f.new_state WHEN 'verified_success' THEN 'valid'
          WHEN 'verification_failed' THEN 'invalid' ELSE e.evidence_validation_state END,
        evidence_external_id = coalesce(f.external_id, e.evidence_external_id),
        evidence_result_url = coalesce(f.result_url, e.evidence_result_url),
        evidence_result_ref = coalesce(f.result_ref, e.evidence_result_ref),
        evidence_result_type = coalesce(f.result_type, e.evidence_result_type),
        evidence_summary = coalesce(f.summary, e.evidence_summary),
        evidence_artifacts = coalesce(f.artifacts::jsonb, e.evidence_artifacts),
        evidence_produced_at = CASE WHEN f.external_id IS NOT NULL OR f.result_url IS NOT NULL
          OR f.artifacts IS NOT NULL THEN $14::timestamptz ELSE e.evidence_produced_at END,
        status = CASE WHEN NOT f.by_worker THEN e.status WHEN f.success THEN 'success' ELSE 'failed' END,
        delivered_at = CASE WHEN f.by_worker AND f.success THEN $14::timestamptz ELSE e.delivered_at END,
        error_message = CASE WHEN f.by_worker AND NOT f.success THEN f.error ELSE e.error_message END,
        updated_at = now()
    FROM fresh f
    WHERE e.id = f.id
  ), ended AS (
    SELECT cue_id, count(*)::int AS runs, bool_or(success) AS any_success, bool_or(once) AS once
    FROM fresh WHERE by_worker GROUP BY cue_id
  ), cues_locked AS (
    SELECT c.id FROM cues c JOIN ended n ON n.cue_id = c.id ORDER BY c.id FOR UPDATE OF c
  ), cues_written AS (
    UPDATE cues c
    SET last_run = $14::timestamptz, run_count = c.run_count + n.runs, updated_at = now(),
        status = CASE WHEN NOT n.once THEN c.status WHEN n.any_success THEN 'completed' ELSE 'failed' END
    FROM ended n JOIN cues_locked k ON k.id = n.cue_id
    WHERE c.id = n.cue_id
  ), alerted AS (
    INSERT INTO alerts (id, user_id, cue_id, execution_id, alert_type, severity, message, metadata, acknowledged,
                        created_at)
    SELECT gen_random_uuid(), user_id, cue_id, id, 'verification_failed', 'warning',
           'The outcome of execution ' || id || ' lacks the evidence that its cue requires',
           jsonb_build_object('outcome_state', new_state, 'transport',
                              CASE WHEN by_worker THEN 'worker' ELSE 'webhook' END), false, now()
    FROM fresh WHERE new_state = 'verification_failed'
    RETURNING *
  ), noticed AS (
    )sql" CUED_NOTICES_OF_ALERTS("alerted") R"sql(
  )
  SELECT locked.id, user_id,
         CASE WHEN outcome_recorded_at IS NOT NULL AND outcome_recorded_at <> $14::timestamptz THEN 'already_recorded'
              WHEN refused THEN 'refused' ELSE 'recorded' END,
         CASE WHEN outcome_recorded_at IS NULL THEN new_state ELSE coalesce(old_state, '') END,
         cue_id, outcome_recorded_at IS NULL AND NOT refused AND NOT success,
         locked.scheduled_for, backfilled, by_worker, success, next.id AS next_id, next.scheduled_for AS next_at
  FROM locked
  LEFT JOIN )sql" CUED_NEXT_IN_LINE("locked",
                                           "locked.outcome_recorded_at IS NULL AND NOT locked.refused") R"sql( ON true
)sql"};

/// Whoever counts failures of one of these cues waits until the others who do have committed. In order, so that two
/// batches cannot deadlock; the key is not one of write_alerts.
constexpr named_query lock_streaks{"lock_streaks", R"sql(
  SELECT pg_advisory_xact_lock(hashtextextended(cue_id, 20261125))
  FROM (SELECT DISTINCT cue_id FROM unnest($1::text[]) AS k(cue_id) ORDER BY cue_id) AS k
)sql"};

/// How many executions of a cue in a row failed lately, newest first: at their delivery or by their handler's report
/// (spec/alerts-usage.md §2, the better way). More than eight are not told apart. Index: cued_executions_cue_created.
constexpr named_query failure_streaks{"failure_streaks", R"sql(
  SELECT k.cue_id, (
    SELECT count(*) FILTER (WHERE sound = 0) FROM (
      SELECT sum(CASE WHEN failed THEN 0 ELSE 1 END) OVER (ORDER BY created_at DESC, id) AS sound
      FROM (
        SELECT e.id, e.created_at, e.status = 'failed' OR e.outcome_success IS FALSE AS failed
        FROM executions e
        WHERE e.cue_id = k.cue_id AND (e.status IN ('success', 'failed') OR e.outcome_success IS FALSE)
        ORDER BY e.created_at DESC
        LIMIT 8
      ) AS latest
    ) AS counted
  ) AS streak
  FROM unnest($1::text[]) AS k(cue_id)
)sql"};

/// Records the results of webhook attempts: execution, its cue's counters and end, and the month's usage. With a
/// success the cue's outcome deadline begins to run, unless the handler has reported already. The guard is status and
/// attempt number: what a newer attempt or an operator has changed meanwhile stays as it is. Locks: executions, cues,
/// usage_monthly, each in key order. Index: executions_pkey, cues_pkey, unique_user_month.
constexpr named_query record_attempt_batch{"record_attempt_batch", R"sql(
  WITH asked AS (
    SELECT * FROM unnest($1::uuid[], $2::int[], $3::text[], $4::int[], $5::text[], $6::text[], $7::timestamptz[])
      AS a(id, attempt, verdict, http_status, response_body, error_message, next_retry)
  ), locked AS (
    SELECT e.id, e.cue_id, a.attempt, a.verdict, a.http_status, a.response_body, a.error_message, a.next_retry,
           e.scheduled_for, coalesce(e.backfilled, false) AS backfilled, c.overlap_policy,
           CASE WHEN a.verdict = 'success' AND e.outcome_recorded_at IS NULL
                THEN c.outcome_deadline_seconds END AS deadline_seconds
    FROM asked a
    JOIN executions e ON e.id = a.id AND e.status = 'delivering' AND e.attempts = a.attempt - 1
    LEFT JOIN cues c ON c.id = e.cue_id
    ORDER BY e.id
    FOR UPDATE OF e
  ), written AS (
    UPDATE executions e
    SET status = CASE l.verdict WHEN 'success' THEN 'success' WHEN 'retry' THEN 'retrying' ELSE 'failed' END,
        attempts = l.attempt, http_status = l.http_status, last_attempt_at = $8::timestamptz,
        response_body = CASE l.verdict WHEN 'success' THEN l.response_body ELSE e.response_body END,
        error_message = CASE l.verdict WHEN 'success' THEN e.error_message ELSE l.error_message END,
        delivered_at = CASE l.verdict WHEN 'success' THEN $8::timestamptz ELSE e.delivered_at END,
        next_retry = l.next_retry,
        outcome_deadline_seconds = coalesce(l.deadline_seconds, e.outcome_deadline_seconds),
        outcome_deadline_at = coalesce($8::timestamptz + make_interval(secs => l.deadline_seconds),
                                       e.outcome_deadline_at), updated_at = now()
    FROM locked l
    WHERE e.id = l.id
  ), per_cue AS (
    SELECT cue_id, count(*)::int AS attempts, bool_or(verdict = 'success') AS any_success,
           bool_or(verdict = 'failed') AS any_failed
    FROM locked GROUP BY cue_id
  ), cues_locked AS (
    SELECT c.id FROM cues c JOIN per_cue p ON p.cue_id = c.id ORDER BY c.id FOR UPDATE OF c
  ), cues_written AS (
    UPDATE cues c
    SET run_count = c.run_count + p.attempts, updated_at = now(),
        last_run = CASE WHEN p.any_success OR p.any_failed THEN $8::timestamptz ELSE c.last_run END,
        status = CASE WHEN c.schedule_type = 'once' AND p.any_success THEN 'completed'
                      WHEN c.schedule_type = 'once' AND p.any_failed THEN 'failed'
                      WHEN p.any_failed AND c.status = 'active' AND c.on_failure @> '{"pause": true}' THEN 'paused'
                      ELSE c.status END,
        next_run = CASE WHEN c.schedule_type <> 'once' AND p.any_failed AND c.status = 'active'
                         AND c.on_failure @> '{"pause": true}' THEN NULL ELSE c.next_run END
    FROM per_cue p JOIN cues_locked k ON k.id = p.cue_id
    WHERE c.id = p.cue_id
    RETURNING c.id, c.user_id
  ), delivered AS (
    SELECT w.user_id, count(*)::int AS n
    FROM locked l JOIN cues_written w ON w.id = l.cue_id
    WHERE l.verdict = 'success' GROUP BY w.user_id ORDER BY w.user_id
  ), counted AS (
    INSERT INTO usage_monthly (user_id, month_start, execution_count)
    SELECT user_id, date_trunc('month', $8::timestamptz AT TIME ZONE 'UTC')::date, n FROM delivered
    ON CONFLICT (user_id, month_start) DO UPDATE
      SET execution_count = usage_monthly.execution_count + excluded.execution_count
    RETURNING user_id, execution_count
  )
  SELECT l.id, w.user_id, l.cue_id, l.scheduled_for, l.backfilled, l.verdict = 'success' AS delivered,
         $8::timestamptz + make_interval(secs => l.deadline_seconds) AS outcome_deadline_at,
         next.id AS next_id, next.scheduled_for AS next_at, counted.execution_count AS executions_of_month
  FROM locked l JOIN cues_written w ON w.id = l.cue_id
  LEFT JOIN counted ON counted.user_id = w.user_id AND l.verdict = 'success'
  LEFT JOIN )sql" CUED_NEXT_IN_LINE("l", "l.verdict <> 'retry' AND l.deadline_seconds IS NULL") R"sql( ON true
)sql"};

std::string text_of(attempt_result::verdict v) {
  switch (v) {
  case attempt_result::verdict::success:
    return "success";
  case attempt_result::verdict::retry:
    return "retry";
  case attempt_result::verdict::failed:
    return "failed";
  }
  return "failed";
}

recorded_outcome::verdict verdict_of(std::string_view text) {
  if (text == "recorded")
    return recorded_outcome::verdict::recorded;
  return text == "refused" ? recorded_outcome::verdict::refused : recorded_outcome::verdict::already_recorded;
}

std::optional<std::string> text_of(const std::optional<int>& n) {
  return n ? std::optional{std::to_string(*n)} : std::nullopt;
}

std::optional<released_execution> read_next(const pqxx::row& row, bool webhook) {
  if (row["next_id"].is_null())
    return std::nullopt;
  return released_execution{row["next_id"].c_str(), row[1].c_str(), webhook, read_instant(row["next_at"].c_str())};
}

recorded_outcome read_outcome(const pqxx::row& row) {
  recorded_outcome out{verdict_of(row[2].c_str()), row[3].c_str(), read_instant(row["scheduled_for"].c_str()),
                       row["backfilled"].as<bool>()};
  const bool by_worker = row["by_worker"].as<bool>();
  out.delivered = by_worker && row["success"].as<bool>();
  out.next_in_line = read_next(row, !by_worker);
  return out;
}

recorded_attempt read_attempt(const pqxx::row& row) {
  recorded_attempt out{row[0].c_str(),
                       row[1].c_str(),
                       row[2].c_str(),
                       read_instant(row["scheduled_for"].c_str()),
                       row["backfilled"].as<bool>(),
                       row["delivered"].as<bool>()};
  if (!row["outcome_deadline_at"].is_null())
    out.outcome_deadline_at = read_instant(row["outcome_deadline_at"].c_str());
  out.next_in_line = read_next(row, true);
  if (const auto executions = row["executions_of_month"]; !executions.is_null())
    out.executions_of_month = executions.as<std::int64_t>();
  return out;
}

/// From this many failures in a row on, the owner is told.
constexpr int streak_told_from = 3;

/// `failures`: the alerts as they would be, one for each failure that was just recorded; message and metadata are
/// filled in here. Two batches that record failures of one cue at the same time must not both count without the other,
/// so the cues are locked before counting.
void tell_streaks(session& s, std::vector<new_alert> failures) {
  if (failures.empty())
    return;
  array_builder cues;
  std::unordered_map<std::string, int> streaks;
  for (const auto& f : failures)
    if (streaks.emplace(*f.cue_id, 0).second)
      cues.add(*f.cue_id);
  const auto cue_list = std::move(cues).str();
  s.exec(lock_streaks, cue_list);
  for (const auto& row : s.exec(failure_streaks, cue_list))
    streaks[row[0].c_str()] = row[1].as<int>();
  std::erase_if(failures, [&](const new_alert& f) { return streaks.at(*f.cue_id) < streak_told_from; });
  for (auto& f : failures) {
    const auto streak = std::to_string(streaks.at(*f.cue_id));
    f.alert_type = "consecutive_failures";
    f.message = "The last " + streak + " executions of cue " + *f.cue_id + " failed";
    f.metadata_json = R"({"consecutive_failures": )" + streak + "}";
  }
  write_alerts(s, failures);
}

/// Which of the attempts that were recorded were their executions' last.
std::vector<ended_badly> last_failures(const std::vector<attempt_result>& attempts,
                                       const std::vector<recorded_attempt>& recorded) {
  std::unordered_map<std::string_view, const attempt_result*> failed;
  for (const auto& a : attempts)
    if (a.what == attempt_result::verdict::failed)
      failed.emplace(a.execution_id, &a);
  std::vector<ended_badly> out;
  for (const auto& r : recorded)
    if (const auto it = failed.find(r.execution_id); it != failed.end())
      out.push_back({r.execution_id, it->second->lost ? 0 : it->second->attempt,
                     it->second->lost ? std::nullopt : it->second->http_status});
  return out;
}

} // namespace

result<std::vector<recorded_outcome>>
postgres_outcome_store::record_outcomes(const std::vector<reported_outcome>& reports, instant at) {
  // One row per execution and tenant goes to the database: the first report. Later ones of the batch find it recorded.
  std::unordered_map<std::string, std::size_t> first;
  const auto key_of = [](const reported_outcome& r) { return r.execution_id + r.user_id; };
  array_builder ids, users, success, results, errors, metadata, external_ids, urls, refs, types, summaries, artifacts,
      refused;
  for (std::size_t i = 0; i < reports.size(); ++i) {
    const auto& r = reports[i];
    if (!first.emplace(key_of(r), i).second)
      continue;
    ids.add(r.execution_id);
    users.add(r.user_id);
    success.add(r.success ? "t" : "f");
    results.add_or_null(r.result);
    errors.add_or_null(r.error);
    metadata.add_or_null(r.metadata_json);
    external_ids.add_or_null(r.external_id);
    urls.add_or_null(r.result_url);
    refs.add_or_null(r.result_ref);
    types.add_or_null(r.result_type);
    summaries.add_or_null(r.summary);
    artifacts.add_or_null(r.artifacts_json);
    refused.add(r.refused ? "t" : "f");
  }
  const auto id_list = std::move(ids).str(), user_list = std::move(users).str(),
             success_list = std::move(success).str(), result_list = std::move(results).str(),
             error_list = std::move(errors).str(), metadata_list = std::move(metadata).str(),
             external_id_list = std::move(external_ids).str(), url_list = std::move(urls).str(),
             ref_list = std::move(refs).str(), type_list = std::move(types).str(),
             summary_list = std::move(summaries).str(), artifact_list = std::move(artifacts).str(),
             refused_list = std::move(refused).str();
  const auto record = [&](session& s) -> result<std::vector<recorded_outcome>> {
    const auto rows = s.exec(record_outcome_batch, id_list, user_list, success_list, result_list, error_list,
                             metadata_list, external_id_list, url_list, ref_list, type_list, summary_list,
                             artifact_list, refused_list, write_instant(at));
    std::vector<recorded_outcome> out(reports.size());
    std::vector<new_alert> failures;
    for (const auto& row : rows) {
      if (row[5].as<bool>())
        failures.push_back({row[1].c_str(), row[4].c_str(), row[0].c_str()});
      out[first.at(std::string{row[0].c_str()} + row[1].c_str())] = read_outcome(row);
    }
    tell_streaks(s, std::move(failures));
    for (std::size_t i = 0; i < reports.size(); ++i) {
      const auto winner = first.at(key_of(reports[i]));
      if (winner == i)
        continue;
      out[i] = out[winner];
      if (out[i].what == recorded_outcome::verdict::recorded)
        out[i].what = recorded_outcome::verdict::already_recorded;
    }
    return out;
  };
  const bool may_tell = std::ranges::any_of(reports, [](const auto& r) { return !r.success; });
  return may_tell ? link_.in_transaction(record) : link_.run(record);
}

result<std::vector<recorded_attempt>>
postgres_outcome_store::record_attempts(const std::vector<attempt_result>& attempts, instant at) {
  array_builder ids, numbers, verdicts, statuses, bodies, errors, retries;
  for (const auto& a : attempts) {
    ids.add(a.execution_id);
    numbers.add(std::to_string(a.attempt));
    verdicts.add(text_of(a.what));
    statuses.add_or_null(text_of(a.http_status));
    bodies.add_or_null(a.response_body);
    errors.add_or_null(a.error_message);
    retries.add_or_null(a.next_retry ? std::optional{write_instant(*a.next_retry)} : std::nullopt);
  }
  const auto id_list = std::move(ids).str(), number_list = std::move(numbers).str(),
             verdict_list = std::move(verdicts).str(), status_list = std::move(statuses).str(),
             body_list = std::move(bodies).str(), error_list = std::move(errors).str(),
             retry_list = std::move(retries).str();
  const auto record = [&](session& s) -> result<std::vector<recorded_attempt>> {
    std::vector<recorded_attempt> out;
    for (const auto& row : s.exec(record_attempt_batch, id_list, number_list, verdict_list, status_list, body_list,
                                  error_list, retry_list, write_instant(at)))
      out.push_back(read_attempt(row));
    write_escalations(s, last_failures(attempts, out));
    return out;
  };
  const bool may_tell =
      std::ranges::any_of(attempts, [](const auto& a) { return a.what == attempt_result::verdict::failed; });
  return may_tell ? link_.in_transaction(record) : link_.run(record);
}

} // namespace cued::persistence
