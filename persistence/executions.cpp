#include "persistence/executions.hpp"

#include "persistence/open_executions.hpp"
#include "persistence/outbox.hpp"
#include "persistence/postgres/nullable_fields.hpp"

namespace cued::persistence {
namespace {

/// The filters both lists share; a NULL argument does not narrow.
#define CUED_EXECUTION_FILTER                                                                                          \
  " AND ($3::text[] IS NULL OR e.status = ANY ($3::text[]))"                                                           \
  " AND ($4::text IS NULL OR e.claimed_by_worker = $4::text)"                                                          \
  " AND ($5::text IS NULL OR e.outcome_state = $5::text)"                                                              \
  " AND ($6::text IS NULL OR e.triggered_by = $6::text)"                                                               \
  " AND ($7::text IS NULL OR e.evidence_result_type = $7::text)"                                                       \
  " AND ($8::bool IS NULL OR $8::bool = (num_nonnulls(e.evidence_external_id, e.evidence_result_url, "                 \
  "e.evidence_result_ref, e.evidence_result_type, e.evidence_summary, e.evidence_artifacts, "                          \
  "e.evidence_metadata) > 0))"

/// Total, oldest claim and page of one snapshot. Only the keys of the matching rows go through the sort; the rows of
/// the page are fetched by id.
#define CUED_EXECUTION_PAGE                                                                                            \
  "), page AS ("                                                                                                       \
  "  SELECT id FROM matching ORDER BY created_at DESC, id DESC LIMIT $9::int OFFSET $10::bigint"                       \
  ") SELECT " CUED_EXECUTION_COLUMNS ", whole.total, whole.oldest_claimed_at"                                          \
  " FROM (SELECT count(*) AS total, min(claimed_at) AS oldest_claimed_at FROM matching) whole"                         \
  " LEFT JOIN (page JOIN executions e ON e.id = page.id) ON true"                                                      \
  " ORDER BY e.created_at DESC, e.id DESC"

/// All of a tenant. $2 is not used (null). Index: idx_cues_user_id, cued_executions_cue_created.
/// 200,000 executions of 200 cues among 1,000,000: 180 ms, nearly all of it the count. Also tried: the newest of each
/// cue through a lateral join, 270 ms, since the count has to visit every row anyway.
constexpr named_query list_of_tenant{"list_executions", R"sql(
  WITH matching AS (
    SELECT e.id, e.created_at, e.claimed_at
    FROM cues c
    JOIN executions e ON e.cue_id = c.id
    WHERE c.user_id = $1::uuid AND $2::text IS NULL)sql" CUED_EXECUTION_FILTER CUED_EXECUTION_PAGE};

/// One cue's. A statement of its own, because an optional condition on cue_id would keep the generic plan from using
/// the index: 120 ms instead of 1.5 ms for 1,000 executions in the same database. A year of a minutely cue: 500 ms,
/// again for the count. Index: cues_pkey, cued_executions_cue_created.
constexpr named_query list_of_cue{"list_executions_of_cue", R"sql(
  WITH matching AS (
    SELECT e.id, e.created_at, e.claimed_at
    FROM cues c
    JOIN executions e ON e.cue_id = c.id
    WHERE c.user_id = $1::uuid AND c.id = $2::text)sql" CUED_EXECUTION_FILTER CUED_EXECUTION_PAGE};

/// At most $5 of each cue, filtered before that limit, so the work is bounded by the number of worker cues and not by
/// the length of the queue. Then each task's oldest, each task's second, ... up to $5 in all.
/// Index: idx_cues_user_id, open_executions_pkey, executions_pkey. 40 worker cues, one of them with a year of minutely
/// runs behind it: 1 ms; from the executions alone 250 ms, for the runs of the past are read first.
constexpr named_query claimable{"claimable_executions", R"sql(
  WITH ready AS (
    SELECT e.*, c.name AS cue_name,
           row_number() OVER (PARTITION BY e.task ORDER BY e.scheduled_for, e.id) AS turn
    FROM cues c
    CROSS JOIN LATERAL (
      SELECT e.id, e.cue_id, e.scheduled_for, e.attempts, p.payload, p.task
      FROM cued.open_executions o
      JOIN executions e ON e.id = o.execution_id
      CROSS JOIN LATERAL (SELECT )sql" CUED_EFFECTIVE_PAYLOAD R"sql( AS payload) effective
      CROSS JOIN LATERAL (
        SELECT effective.payload,
               CASE WHEN jsonb_typeof(effective.payload -> 'task') = 'string'
                    THEN effective.payload ->> 'task' END AS task,
               CASE WHEN jsonb_typeof(effective.payload -> 'agent') = 'string'
                    THEN effective.payload ->> 'agent' END AS agent
      ) p
      WHERE o.cue_id = c.id AND o.scheduled_for <= $2::timestamptz AND e.status = 'pending'
        AND NOT )sql" CUED_IS_HELD_BACK R"sql(
        AND ($3::text IS NULL OR p.task = $3::text)
        AND ($4::text IS NULL OR p.agent = $4::text)
      ORDER BY o.scheduled_for, e.id
      LIMIT $5::int
    ) e
    WHERE c.user_id = $1::uuid AND c.callback_transport = 'worker'
  ), chosen AS (
    SELECT * FROM ready ORDER BY turn, scheduled_for, id LIMIT $5::int
  )
  SELECT id, cue_id, cue_name, task, scheduled_for, payload, attempts FROM chosen ORDER BY scheduled_for, id
)sql"};

std::optional<std::string> status_array(const std::vector<std::string>& statuses) {
  if (statuses.empty())
    return std::nullopt;
  array_builder out;
  for (const auto& status : statuses)
    out.add(status);
  return std::move(out).str();
}

} // namespace

std::vector<named_query> execution_list_statements() { return {list_of_tenant, list_of_cue, claimable}; }

result<execution_page> list_executions(connection& db, const std::string& user_id, const execution_filter& filter,
                                       int limit, std::int64_t offset) {
  return db.run([&](session& s) -> result<execution_page> {
    const auto rows = s.exec(filter.cue_id ? list_of_cue : list_of_tenant, user_id, filter.cue_id,
                             status_array(filter.statuses), filter.worker_id, filter.outcome_state, filter.triggered_by,
                             filter.result_type, filter.has_evidence, limit, offset);
    execution_page page;
    page.total = rows.at(0)["total"].as<std::int64_t>();
    page.oldest_claimed_at = instant_or_nothing(rows.at(0)["oldest_claimed_at"]);
    for (const auto& row : rows) {
      if (!row["id"].is_null()) // the totals come alone when the page is empty
        page.executions.push_back(read_execution(row));
    }
    return page;
  });
}

result<std::vector<claimable_execution>> claimable_executions(connection& db, const std::string& user_id,
                                                              const claimable_filter& filter, instant now) {
  return db.run([&](session& s) -> result<std::vector<claimable_execution>> {
    std::vector<claimable_execution> out;
    for (const auto& row : s.exec(claimable, user_id, write_instant(now), filter.task, filter.agent, claimable_limit)) {
      out.push_back({row["id"].c_str(), row["cue_id"].c_str(), row["cue_name"].c_str(), text_or_nothing(row["task"]),
                     read_instant(row["scheduled_for"].c_str()), row["payload"].c_str(), row["attempts"].as<int>()});
    }
    return out;
  });
}

} // namespace cued::persistence
