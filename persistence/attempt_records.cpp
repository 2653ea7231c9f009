#include <algorithm>
#include <iterator>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "persistence/alert_rows.hpp"
#include "persistence/open_executions.hpp"
#include "persistence/outcome_store.hpp"

/// The second half of the outcome store: results of webhook attempts.
namespace cued::persistence {
namespace {

/// Records the results of webhook attempts: execution, its cue's counters and end, and the month's usage. With a
/// success the cue's outcome deadline begins to run, unless the handler has reported already. The guard is status and
/// attempt number: what a newer attempt or an operator has changed meanwhile stays as it is. Locks: executions, cues,
/// usage_monthly, each in key order; the attempts come sorted by id. An execution whose cue is gone is written as well.
/// Index: executions_pkey, cues_pkey, open_executions_pkey, unique_user_month.
constexpr named_query record_attempt_batch{"record_attempt_batch", R"sql(
  WITH written AS (
    UPDATE executions e
    SET status = CASE a.verdict WHEN 'success' THEN 'success' WHEN 'retry' THEN 'retrying' ELSE 'failed' END,
        attempts = a.attempt, http_status = a.http_status, last_attempt_at = $8::timestamptz,
        response_body = CASE a.verdict WHEN 'success' THEN a.response_body ELSE e.response_body END,
        error_message = CASE a.verdict WHEN 'success' THEN e.error_message ELSE a.error_message END,
        delivered_at = CASE a.verdict WHEN 'success' THEN $8::timestamptz ELSE e.delivered_at END,
        next_retry = a.next_retry,
        (outcome_deadline_seconds, outcome_deadline_at) = (
          SELECT coalesce(max(c.outcome_deadline_seconds), e.outcome_deadline_seconds),
                 coalesce($8::timestamptz + make_interval(secs => max(c.outcome_deadline_seconds)),
                          e.outcome_deadline_at)
          FROM cues c WHERE c.id = e.cue_id AND a.verdict = 'success' AND e.outcome_recorded_at IS NULL),
        updated_at = now()
    FROM unnest($1::uuid[], $2::int[], $3::text[], $4::int[], $5::text[], $6::text[], $7::timestamptz[])
      AS a(id, attempt, verdict, http_status, response_body, error_message, next_retry)
    WHERE e.id = a.id AND e.status = 'delivering' AND e.attempts = a.attempt - 1
    RETURNING e.id, e.cue_id, e.scheduled_for, coalesce(e.backfilled, false) AS backfilled, a.verdict,
              e.outcome_recorded_at IS NOT NULL AS reported, )sql" CUED_AWAITS_OUTCOME("e") R"sql( AS awaits_outcome
  ), over AS (
    SELECT * FROM written WHERE verdict <> 'retry' AND NOT awaits_outcome
  ), closed AS (
    )sql" CUED_CLOSE("over") R"sql(
  ), per_cue AS (
    SELECT cue_id, count(*)::int AS attempts, bool_or(verdict = 'success') AS any_success,
           bool_or(verdict = 'failed') AS any_failed
    FROM written GROUP BY cue_id ORDER BY cue_id
  ), run AS (
    SELECT p.*, c.schedule_type = 'once' AS once,
           p.any_failed AND c.schedule_type <> 'once' AND c.status = 'active' AND c.on_failure @> '{"pause": true}' AS pauses
    FROM per_cue p JOIN cues c ON c.id = p.cue_id
  ), journalled AS (
    INSERT INTO cued.cue_runs (cue_id, last_run, runs)
    SELECT cue_id, $8::timestamptz, attempts FROM run WHERE NOT once AND (any_success OR any_failed)
  ), cues_written AS (
    UPDATE cues c
    SET run_count = c.run_count + CASE WHEN r.once OR NOT (r.any_success OR r.any_failed) THEN r.attempts ELSE 0 END,
        last_run = CASE WHEN r.once AND (r.any_success OR r.any_failed) THEN $8::timestamptz ELSE c.last_run END,
        status = CASE WHEN r.once AND r.any_success THEN 'completed' WHEN r.once AND r.any_failed THEN 'failed'
                      WHEN r.pauses AND c.status = 'active' THEN 'paused' ELSE c.status END,
        next_run = CASE WHEN r.pauses AND c.status = 'active' THEN NULL ELSE c.next_run END,
        updated_at = now()
    FROM run r
    WHERE c.id = r.cue_id AND (r.once OR r.pauses OR NOT (r.any_success OR r.any_failed))
  ), ours AS (
    SELECT w.*, c.user_id, c.overlap_policy,
           CASE WHEN w.verdict = 'success' AND NOT w.reported THEN c.outcome_deadline_seconds END AS deadline_seconds
    FROM written w JOIN cues c ON c.id = w.cue_id
  ), delivered AS (
    SELECT user_id, count(*)::int AS n FROM ours WHERE verdict = 'success' GROUP BY user_id ORDER BY user_id
  ), counted AS (
    INSERT INTO usage_monthly (user_id, month_start, execution_count)
    SELECT user_id, date_trunc('month', $8::timestamptz AT TIME ZONE 'UTC')::date, n FROM delivered
    ON CONFLICT (user_id, month_start) DO UPDATE
      SET execution_count = usage_monthly.execution_count + excluded.execution_count
    RETURNING user_id, execution_count
  )
  SELECT o.id, o.user_id, o.cue_id, o.scheduled_for, o.backfilled, o.verdict = 'success' AS delivered,
         $8::timestamptz + make_interval(secs => o.deadline_seconds) AS outcome_deadline_at,
         next.id AS next_id, next.scheduled_for AS next_at, NULL AS executions_of_month
  FROM ours o
  LEFT JOIN )sql" CUED_NEXT_IN_LINE("o", "o.verdict <> 'retry' AND o.deadline_seconds IS NULL") R"sql( ON true
  UNION ALL
  SELECT NULL, user_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, execution_count FROM counted
)sql"};

/// The same for what nearly all attempts are: successes, of a recurring cue that expects no outcome and lets nobody
/// wait in line. Says nothing of others. $1 to $4 in the order of ids, $5 when; answers in the columns of
/// record_attempt_batch. It costs Postgres half as much, alone or in a batch, because it opens five tables for writing
/// and reading instead of eight, and writes no cue. Index: executions_pkey, cues_pkey, open_executions_pkey,
/// unique_user_month.
constexpr named_query record_plain_attempts{"record_plain_attempts", R"sql(
  WITH written AS (
    UPDATE executions e
    SET status = 'success', attempts = a.attempt, http_status = a.http_status, last_attempt_at = $5::timestamptz,
        response_body = a.response_body, delivered_at = $5::timestamptz, next_retry = NULL, updated_at = now()
    FROM unnest($1::uuid[], $2::int[], $3::int[], $4::text[]) AS a(id, attempt, http_status, response_body), cues c
    WHERE e.id = a.id AND c.id = e.cue_id || '' AND e.status = 'delivering' AND e.attempts = a.attempt - 1
      AND e.outcome_deadline_at IS NULL AND c.outcome_deadline_seconds IS NULL AND c.schedule_type <> 'once'
      AND c.overlap_policy IS DISTINCT FROM 'queue_one'
    RETURNING e.id, c.user_id, e.cue_id, e.scheduled_for, coalesce(e.backfilled, false) AS backfilled
  ), closed AS (
    )sql" CUED_CLOSE("written") R"sql(
  ), journalled AS (
    INSERT INTO cued.cue_runs (cue_id, last_run, runs)
    SELECT cue_id, $5::timestamptz, count(*)::int FROM written GROUP BY cue_id
  ), counted AS (
    INSERT INTO usage_monthly (user_id, month_start, execution_count)
    SELECT user_id, date_trunc('month', $5::timestamptz AT TIME ZONE 'UTC')::date, count(*)::int
    FROM written GROUP BY user_id ORDER BY user_id
    ON CONFLICT (user_id, month_start) DO UPDATE
      SET execution_count = usage_monthly.execution_count + excluded.execution_count
    RETURNING user_id, execution_count
  )
  SELECT w.*, true, NULL, NULL, NULL, u.execution_count FROM written w JOIN counted u ON u.user_id = w.user_id
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

std::optional<std::string> text_of(const std::optional<int>& n) {
  return n ? std::optional{std::to_string(*n)} : std::nullopt;
}

/// Where things stand in the rows of record_attempt_batch and record_plain_attempts. Rows without an id tell what a
/// user has this month, if the others do not.
namespace attempt_column {
enum : pqxx::row::size_type {
  id,
  user_id,
  cue_id,
  scheduled_for,
  backfilled,
  delivered,
  outcome_deadline_at,
  next_id,
  next_at,
  executions_of_month
};
}

recorded_attempt read_attempt(const pqxx::row& row) {
  using namespace attempt_column;
  recorded_attempt out{row[id].c_str(),
                       row[user_id].c_str(),
                       row[cue_id].c_str(),
                       read_instant(row[scheduled_for].c_str()),
                       row[backfilled].as<bool>(),
                       row[delivered].as<bool>()};
  if (!row[outcome_deadline_at].is_null())
    out.outcome_deadline_at = read_instant(row[outcome_deadline_at].c_str());
  if (!row[next_id].is_null())
    out.next_in_line = released_execution{row[next_id].c_str(), out.user_id, true, read_instant(row[next_at].c_str())};
  if (!row[executions_of_month].is_null())
    out.executions_of_month = row[executions_of_month].as<std::int64_t>();
  return out;
}

std::vector<recorded_attempt> read_attempts(const pqxx::result& rows) {
  std::vector<recorded_attempt> out;
  std::unordered_map<std::string_view, std::int64_t> of_month;
  for (const auto& row : rows) {
    if (row[attempt_column::id].is_null())
      of_month.emplace(row[attempt_column::user_id].c_str(),
                       row[attempt_column::executions_of_month].as<std::int64_t>());
    else
      out.push_back(read_attempt(row));
  }
  for (auto& r : out)
    if (const auto found = of_month.find(r.user_id); r.delivered && found != of_month.end())
      r.executions_of_month = found->second;
  return out;
}

/// Which of the attempts that were recorded were their executions' last.
std::vector<ended_badly> last_failures(const std::vector<const attempt_result*>& attempts,
                                       const std::vector<recorded_attempt>& recorded) {
  std::unordered_map<std::string_view, const attempt_result*> failed;
  for (const auto* a : attempts)
    if (a->what == attempt_result::verdict::failed)
      failed.emplace(a->execution_id, a);
  std::vector<ended_badly> out;
  for (const auto& r : recorded)
    if (const auto it = failed.find(r.execution_id); it != failed.end())
      out.push_back({r.execution_id, it->second->lost ? 0 : it->second->attempt,
                     it->second->lost ? std::nullopt : it->second->http_status});
  return out;
}

} // namespace

std::vector<named_query> postgres_outcome_store::attempt_statements() {
  return {record_plain_attempts, record_attempt_batch};
}

result<std::vector<recorded_attempt>>
postgres_outcome_store::record_attempts(const std::vector<attempt_result>& attempts, instant at) {
  attempt_batch rest;
  for (const auto& a : attempts)
    rest.push_back(&a);
  std::ranges::stable_sort(rest, {}, &attempt_result::execution_id);
  const auto successes = std::ranges::count(attempts, attempt_result::verdict::success, &attempt_result::what);
  const bool tries_plain = 2 * std::size_t(successes) >= attempts.size() && plain_attempts_.now();
  auto recorded = tries_plain ? record_plain(rest, at) : std::vector<recorded_attempt>{};
  if (!recorded || rest.empty())
    return recorded;
  auto others = record_all(rest, at);
  if (!others)
    return others;
  if (tries_plain)
    plain_attempts_.came_to(recorded->size(), recorded->size() + others->size());
  std::ranges::move(*others, std::back_inserter(*recorded));
  return recorded;
}

/// Records those that are plain, and takes them out of the batch.
result<std::vector<recorded_attempt>> postgres_outcome_store::record_plain(attempt_batch& batch, instant at) {
  array_builder ids, numbers, statuses, bodies;
  for (const auto* a : batch)
    if (a->what == attempt_result::verdict::success) {
      ids.add(a->execution_id);
      numbers.add(std::to_string(a->attempt));
      statuses.add_or_null(text_of(a->http_status));
      bodies.add_or_null(a->response_body);
    }
  const auto id_list = std::move(ids).str(), number_list = std::move(numbers).str(),
             status_list = std::move(statuses).str(), body_list = std::move(bodies).str();
  auto recorded = link_.run([&](session& s) -> result<std::vector<recorded_attempt>> {
    return read_attempts(
        s.exec(record_plain_attempts, id_list, number_list, status_list, body_list, write_instant(at)));
  });
  if (!recorded)
    return recorded;
  std::unordered_set<std::string_view> done;
  for (const auto& r : *recorded)
    done.insert(r.execution_id);
  std::erase_if(batch, [&](const attempt_result* a) { return done.contains(a->execution_id); });
  return recorded;
}

/// Records them, whatever they are, or none.
result<std::vector<recorded_attempt>> postgres_outcome_store::record_all(const attempt_batch& batch, instant at) {
  array_builder ids, numbers, verdicts, statuses, bodies, errors, retries;
  for (const auto* a : batch) {
    ids.add(a->execution_id);
    numbers.add(std::to_string(a->attempt));
    verdicts.add(text_of(a->what));
    statuses.add_or_null(text_of(a->http_status));
    bodies.add_or_null(a->response_body);
    errors.add_or_null(a->error_message);
    retries.add_or_null(a->next_retry ? std::optional{write_instant(*a->next_retry)} : std::nullopt);
  }
  const auto id_list = std::move(ids).str(), number_list = std::move(numbers).str(),
             verdict_list = std::move(verdicts).str(), status_list = std::move(statuses).str(),
             body_list = std::move(bodies).str(), error_list = std::move(errors).str(),
             retry_list = std::move(retries).str();
  const auto record = [&](session& s) -> result<std::vector<recorded_attempt>> {
    auto out = read_attempts(s.exec(record_attempt_batch, id_list, number_list, verdict_list, status_list, body_list,
                                    error_list, retry_list, write_instant(at)));
    write_escalations(s, last_failures(batch, out));
    return out;
  };
  const bool may_tell =
      std::ranges::any_of(batch, [](const auto* a) { return a->what == attempt_result::verdict::failed; });
  return may_tell ? link_.in_transaction(record) : link_.run(record);
}

} // namespace cued::persistence
