#include "persistence/outcome_store.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <tuple>
#include <unordered_map>

#include "persistence/alert_rows.hpp"
#include "persistence/asked_executions.hpp"
#include "persistence/open_executions.hpp"

namespace cued::persistence {
namespace {

/// Records reports: the execution row (once), the verdict of its cue's verification mode, and for worker cues the end
/// of the execution and of a one-time cue. The rows come sorted by id and are locked in that order by the loop over
/// executions_pkey, then one-time cues, in id order as well, as in every statement of ours, so two batches cannot
/// deadlock. Runs of other cues go to the journal: see persistence/cue_runs.hpp.
/// The verdict's CASE is the table of domain/verification.hpp; a test walks every cell of both.
/// Says nothing of reports that found no execution without an outcome: see unrecorded_reports.
/// Index: executions_pkey, cues_pkey, open_executions_pkey. No entry is written into an index of executions (migration
/// 0008).
constexpr named_query record_outcome_batch{"record_outcome_batch",
                                           R"sql(
  WITH written AS (
    UPDATE executions e
    SET outcome_success = a.success, outcome_result = a.result, outcome_error = a.error,
        outcome_metadata = a.metadata::jsonb, outcome_recorded_at = $14::timestamptz,
        outcome_state = CASE
          WHEN NOT a.success THEN 'reported_failure'
          WHEN c.verification_mode = 'manual' THEN 'verification_pending'
          WHEN c.verification_mode = 'require_external_id'
            THEN CASE WHEN a.external_id IS NULL THEN 'verification_failed' ELSE 'verified_success' END
          WHEN c.verification_mode = 'require_result_url'
            THEN CASE WHEN a.result_url IS NULL THEN 'verification_failed' ELSE 'verified_success' END
          WHEN c.verification_mode = 'require_artifacts'
            THEN CASE WHEN a.artifacts IS NULL THEN 'verification_failed' ELSE 'verified_success' END
          ELSE 'reported_success' END,
        evidence_validation_state = CASE
          WHEN a.success AND c.verification_mode IN ('require_external_id', 'require_result_url', 'require_artifacts')
            THEN CASE WHEN CASE c.verification_mode WHEN 'require_external_id' THEN a.external_id
                                WHEN 'require_result_url' THEN a.result_url ELSE a.artifacts END IS NULL
                      THEN 'invalid' ELSE 'valid' END
          ELSE e.evidence_validation_state END,
        evidence_external_id = coalesce(a.external_id, e.evidence_external_id),
        evidence_result_url = coalesce(a.result_url, e.evidence_result_url),
        evidence_result_ref = coalesce(a.result_ref, e.evidence_result_ref),
        evidence_result_type = coalesce(a.result_type, e.evidence_result_type),
        evidence_summary = coalesce(a.summary, e.evidence_summary),
        evidence_artifacts = coalesce(a.artifacts::jsonb, e.evidence_artifacts),
        evidence_produced_at = CASE WHEN a.external_id IS NOT NULL OR a.result_url IS NOT NULL
          OR a.artifacts IS NOT NULL THEN $14::timestamptz ELSE e.evidence_produced_at END,
        status = CASE WHEN c.callback_transport <> 'worker' THEN e.status WHEN a.success THEN 'success'
                      ELSE 'failed' END,
        delivered_at = CASE WHEN c.callback_transport = 'worker' AND a.success THEN $14::timestamptz
                            ELSE e.delivered_at END,
        error_message = CASE WHEN c.callback_transport = 'worker' AND NOT a.success THEN a.error
                             ELSE e.error_message END,
        updated_at = now()
    FROM unnest($1::uuid[], $2::uuid[], $3::bool[], $4::text[], $5::text[], $6::text[], $7::text[],
                $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::bool[]) WITH ORDINALITY
           AS a(id, user_id, success, result, error, metadata, external_id, result_url, result_ref, result_type,
                summary, artifacts, refused, nth), cues c
    WHERE )sql" CUED_IS_ASKED_FOR R"sql( AND e.outcome_recorded_at IS NULL AND NOT a.refused
    RETURNING a.nth, e.id, e.cue_id, c.user_id, e.scheduled_for, coalesce(e.backfilled, false) AS backfilled,
              e.outcome_state, a.success, c.callback_transport = 'worker' AS by_worker, c.schedule_type = 'once' AS once,
              c.overlap_policy, c.callback_transport = 'worker'
                OR (e.outcome_deadline_at IS NOT NULL AND e.status IN ('success', 'pending_outcome')) AS ended
  ), over AS (
    SELECT * FROM written WHERE ended
  ), closed AS (
    )sql" CUED_CLOSE("over") R"sql(
  ), run AS (
    SELECT cue_id, count(*)::int AS times, bool_or(success) AS any_success, bool_or(once) AS once
    FROM written WHERE by_worker GROUP BY cue_id ORDER BY cue_id
  ), journalled AS (
    INSERT INTO cued.cue_runs (cue_id, last_run, runs) SELECT cue_id, $14::timestamptz, times FROM run WHERE NOT once
  ), cues_written AS (
    UPDATE cues c
    SET last_run = $14::timestamptz, run_count = c.run_count + r.times, updated_at = now(),
        status = CASE WHEN r.any_success THEN 'completed' ELSE 'failed' END
    FROM run r
    WHERE r.once AND c.id = r.cue_id
  ), alerted AS (
    INSERT INTO alerts (id, user_id, cue_id, execution_id, alert_type, severity, message, metadata, acknowledged,
                        created_at)
    SELECT gen_random_uuid(), user_id, cue_id, id, 'verification_failed', 'warning',
           'The outcome of execution ' || id || ' lacks the evidence that its cue requires',
           jsonb_build_object('outcome_state', outcome_state, 'transport',
                              CASE WHEN by_worker THEN 'worker' ELSE 'webhook' END), false, now()
    FROM written WHERE outcome_state = 'verification_failed'
    RETURNING *
  ), noticed AS (
    )sql" CUED_NOTICES_OF_ALERTS("alerted") R"sql(
  )
  SELECT w.nth, w.outcome_state, w.scheduled_for, w.backfilled, w.by_worker, CASE WHEN NOT w.success THEN w.cue_id END,
         next.id, next.scheduled_for
  FROM written w
  LEFT JOIN )sql" CUED_NEXT_IN_LINE("w", "true") R"sql( ON true
)sql"};

/// The same for what nearly all reports are: good news without evidence, of a recurring worker cue that asks for none
/// and lets nobody wait in line. Says nothing of others. $1 to $4 in the order of ids, $5 when. It costs Postgres 40 %
/// less than record_outcome_batch for one report and 23 % less for each of two hundred, because three tables are opened
/// instead of six. Index: executions_pkey, cues_pkey, open_executions_pkey.
constexpr named_query record_plain_outcomes{"record_plain_outcomes",
                                            R"sql(
  WITH written AS (
    UPDATE executions e
    SET outcome_success = true, outcome_result = a.result, outcome_metadata = a.metadata::jsonb,
        outcome_recorded_at = $5::timestamptz, outcome_state = 'reported_success', status = 'success',
        delivered_at = $5::timestamptz, updated_at = now()
    FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) WITH ORDINALITY
           AS a(id, user_id, result, metadata, nth), cues c
    WHERE )sql" CUED_IS_ASKED_FOR R"sql( AND e.outcome_recorded_at IS NULL AND c.callback_transport = 'worker'
      AND c.schedule_type <> 'once' AND coalesce(c.verification_mode, 'none') = 'none'
      AND c.overlap_policy IS DISTINCT FROM 'queue_one'
    RETURNING a.nth, e.id, e.cue_id, e.scheduled_for, coalesce(e.backfilled, false) AS backfilled
  ), closed AS (
    )sql" CUED_CLOSE("written") R"sql(
  ), journalled AS (
    INSERT INTO cued.cue_runs (cue_id, last_run, runs)
    SELECT cue_id, $5::timestamptz, count(*)::int FROM written GROUP BY cue_id
  )
  SELECT nth, scheduled_for, backfilled FROM written
)sql"};

/// What stood in the way of the reports that were not recorded, as it is once they have waited for it. A row that this
/// very batch wrote before its commit fell into doubt has the batch's own instant. Index: executions_pkey, cues_pkey.
constexpr named_query unrecorded_reports{"unrecorded_reports", R"sql(
  SELECT a.nth, e.outcome_recorded_at IS NOT NULL, coalesce(e.outcome_recorded_at = $3::timestamptz, false),
         coalesce(e.outcome_state, ''), e.scheduled_for, coalesce(e.backfilled, false),
         c.callback_transport = 'worker'
  FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS a(id, user_id, nth), executions e, cues c
  WHERE )sql" CUED_IS_ASKED_FOR R"sql(
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

/// Where things stand in the rows of record_outcome_batch.
namespace outcome_column {
enum : pqxx::row::size_type { nth, outcome_state, scheduled_for, backfilled, by_worker, failed_cue, next_id, next_at };
}

recorded_outcome read_outcome(const pqxx::row& row, const reported_outcome& report) {
  using namespace outcome_column;
  recorded_outcome out{recorded_outcome::verdict::recorded, row[outcome_state].c_str(),
                       read_instant(row[scheduled_for].c_str()), row[backfilled].as<bool>()};
  const bool worker = row[by_worker].as<bool>();
  out.delivered = worker && report.success;
  if (!row[next_id].is_null())
    out.next_in_line =
        released_execution{row[next_id].c_str(), report.user_id, !worker, read_instant(row[next_at].c_str())};
  return out;
}

/// Where things stand in the rows of unrecorded_reports.
namespace unrecorded_column {
enum : pqxx::row::size_type { nth, has_outcome, by_this_batch, outcome_state, scheduled_for, backfilled, by_worker };
}

recorded_outcome read_unrecorded(const pqxx::row& row, const reported_outcome& report) {
  using namespace unrecorded_column;
  recorded_outcome out{recorded_outcome::verdict::already_recorded, row[outcome_state].c_str(),
                       read_instant(row[scheduled_for].c_str()), row[backfilled].as<bool>()};
  if (report.refused && (!row[has_outcome].as<bool>() || row[by_this_batch].as<bool>()))
    out.what = recorded_outcome::verdict::refused;
  else if (!row[has_outcome].as<bool>()) // made just now
    return {};
  else if (row[by_this_batch].as<bool>())
    out.what = recorded_outcome::verdict::recorded;
  out.delivered = row[by_worker].as<bool>() && report.success;
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

/// Which reports go to the database, sorted by execution: of several by one tenant on one execution the first that
/// could be stored. `repeated`: the others, each with the one that stands for it.
struct choice {
  std::vector<std::size_t> chosen;
  std::vector<std::pair<std::size_t, std::size_t>> repeated;
};

choice chosen_of(const std::vector<reported_outcome>& reports) {
  std::vector<std::size_t> order(reports.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto key = [&](std::size_t i) { return std::tie(reports[i].execution_id, reports[i].user_id); };
  std::ranges::stable_sort(order, {},
                           [&](std::size_t i) { return std::tuple_cat(key(i), std::tie(reports[i].refused)); });
  choice out;
  for (const auto i : order) {
    if (!out.chosen.empty() && key(out.chosen.back()) == key(i))
      out.repeated.emplace_back(i, out.chosen.back());
    else
      out.chosen.push_back(i);
  }
  return out;
}

/// Whether record_plain_outcomes can store it.
bool is_plain(const reported_outcome& r) {
  return r.success && !r.refused && !r.error && !r.external_id && !r.result_url && !r.result_ref && !r.result_type &&
         !r.summary && !r.artifacts_json;
}

/// Fills in what `out` (in the order of `chosen`) does not say yet; those of which nothing is found stay `not_found`.
void explain_unrecorded(session& s, const std::vector<reported_outcome>& reports,
                        const std::vector<std::size_t>& chosen, const std::string& time,
                        std::vector<recorded_outcome>& out) {
  array_builder ids, users;
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    if (out[i].what == recorded_outcome::verdict::recorded)
      continue;
    open.push_back(i);
    ids.add(reports[chosen[i]].execution_id);
    users.add(reports[chosen[i]].user_id);
  }
  for (const auto& row : s.exec(unrecorded_reports, std::move(ids).str(), std::move(users).str(), time)) {
    const auto i = open.at(row[unrecorded_column::nth].as<std::size_t>() - 1);
    out[i] = read_unrecorded(row, reports[chosen[i]]);
  }
}

} // namespace

postgres_outcome_store::postgres_outcome_store(connection_options options) : link_{by_keys(std::move(options))} {}

std::vector<named_query> postgres_outcome_store::statements() {
  auto all = attempt_statements();
  all.insert(all.begin(), {record_plain_outcomes, record_outcome_batch});
  return all;
}

result<std::vector<recorded_outcome>>
postgres_outcome_store::record_outcomes(const std::vector<reported_outcome>& reports, instant at) {
  // One row per execution and tenant goes to the database: the first report. Later ones of the batch find it recorded.
  const auto [chosen, repeated] = chosen_of(reports);
  std::vector<recorded_outcome> out(reports.size());
  auto rest = record_plain(reports, chosen, at, out);
  if (!rest)
    return tl::unexpected{std::move(rest.error())};
  if (!rest->empty()) {
    auto recorded = record_all(reports, *rest, at);
    if (!recorded && rest->size() == chosen.size())
      return recorded;
    for (std::size_t i = 0; i < rest->size(); ++i) {
      if (recorded)
        out[(*rest)[i]] = std::move((*recorded)[i]);
      else // the others are recorded, and have to be told so
        out[(*rest)[i]].what = recorded_outcome::verdict::not_now;
    }
  }
  for (const auto& [other, chosen_one] : repeated) {
    out[other] = out[chosen_one];
    if (out[other].what == recorded_outcome::verdict::recorded)
      out[other].what = reports[other].refused && other < chosen_one ? recorded_outcome::verdict::refused
                                                                     : recorded_outcome::verdict::already_recorded;
  }
  return out;
}

/// Records those of the chosen reports that are plain, if it is likely that their cues are plain as well. Returns the
/// others.
result<std::vector<std::size_t>> postgres_outcome_store::record_plain(const std::vector<reported_outcome>& reports,
                                                                      const std::vector<std::size_t>& chosen,
                                                                      instant at, std::vector<recorded_outcome>& out) {
  std::vector<std::size_t> tried;
  std::ranges::copy_if(chosen, std::back_inserter(tried), [&](std::size_t i) { return is_plain(reports[i]); });
  if (2 * tried.size() < chosen.size() || !plain_reports_.now())
    return chosen;
  array_builder ids, users, results, metadata;
  for (const auto i : tried) {
    const auto& r = reports[i];
    ids.add(r.execution_id);
    users.add(r.user_id);
    results.add_or_null(r.result);
    metadata.add_or_null(r.metadata_json);
  }
  const auto id_list = std::move(ids).str(), user_list = std::move(users).str(), result_list = std::move(results).str(),
             metadata_list = std::move(metadata).str();
  const auto recorded = link_.run([&](session& s) -> result<std::size_t> {
    const auto rows = s.exec(record_plain_outcomes, id_list, user_list, result_list, metadata_list, write_instant(at));
    for (const auto& row : rows)
      out[tried.at(row[0].as<std::size_t>() - 1)] = {recorded_outcome::verdict::recorded, "reported_success",
                                                     read_instant(row[1].c_str()), row[2].as<bool>(), true};
    return rows.size();
  });
  if (!recorded)
    return tl::unexpected{recorded.error()};
  plain_reports_.came_to(*recorded, tried.size());
  auto rest = chosen;
  std::erase_if(rest, [&](std::size_t i) { return out[i].what == recorded_outcome::verdict::recorded; });
  return rest;
}

/// Records the chosen reports, whatever they are, or none. Returns what became of them in the order of `chosen`.
result<std::vector<recorded_outcome>> postgres_outcome_store::record_all(const std::vector<reported_outcome>& reports,
                                                                         const std::vector<std::size_t>& chosen,
                                                                         instant at) {
  array_builder ids, users, success, results, errors, metadata, external_ids, urls, refs, types, summaries, artifacts,
      refused;
  for (const auto i : chosen) {
    const auto& r = reports[i];
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
             refused_list = std::move(refused).str(), time = write_instant(at);
  const auto record = [&](session& s) -> result<std::vector<recorded_outcome>> {
    const auto rows =
        s.exec(record_outcome_batch, id_list, user_list, success_list, result_list, error_list, metadata_list,
               external_id_list, url_list, ref_list, type_list, summary_list, artifact_list, refused_list, time);
    std::vector<recorded_outcome> out(chosen.size());
    std::vector<new_alert> failures;
    for (const auto& row : rows) {
      const auto i = row[outcome_column::nth].as<std::size_t>() - 1;
      const auto& report = reports[chosen.at(i)];
      out[i] = read_outcome(row, report);
      if (!report.success)
        failures.push_back({report.user_id, row[outcome_column::failed_cue].c_str(), report.execution_id});
    }
    tell_streaks(s, std::move(failures));
    if (static_cast<std::size_t>(rows.size()) < chosen.size())
      explain_unrecorded(s, reports, chosen, time, out);
    return out;
  };
  const bool may_tell = std::ranges::any_of(chosen, [&](std::size_t i) { return !reports[i].success; });
  return may_tell ? link_.in_transaction(record) : link_.run(record);
}

} // namespace cued::persistence
