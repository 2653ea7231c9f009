#include "persistence/cues.hpp"

#include "persistence/cue_counts.hpp"
#include "persistence/postgres/nullable_fields.hpp"

namespace cued::persistence {
namespace {

/// Index: cues_pkey.
constexpr named_query find_cue_query{"find_cue", R"sql(
  SELECT )sql" CUED_CUE_COLUMNS R"sql(
  FROM cues c WHERE c.id = $1::text AND c.user_id = $2::uuid
)sql"};

/// Total and page of one snapshot; the first row is there even if the page is empty. `which` chooses among the cues,
/// `total` counts these. Payloads may be large, and a deep page may be sorted, so only keys are read to find it.
/// Each is looked up by its id (OFFSET sees to that), however many the planner expects.
#define CUED_LIST_CUES(which, total)                                                                                   \
  "WITH page AS (SELECT id FROM cues WHERE user_id = $1::uuid" which                                                   \
  " ORDER BY created_at DESC, id COLLATE \"C\" DESC LIMIT $2::int OFFSET $3::bigint) "                                 \
  "SELECT " CUED_CUE_COLUMNS ", whole.total "                                                                          \
  "FROM (SELECT " total                                                                                                \
  " AS total FROM " CUED_CUE_COUNTS_OF("$1::uuid") " counts) whole "                                                   \
                                                   "LEFT JOIN (page CROSS JOIN LATERAL (SELECT * FROM cues WHERE "     \
                                                   "cues.id = page.id OFFSET 0) c) ON true "                           \
                                                   "ORDER BY c.created_at DESC, c.id COLLATE \"C\" DESC"

/// Index: idx_cues_user_id, whose order is that of the list; cues_pkey, cue_counts_by_user, cue_count_changes_by_user.
constexpr named_query list_cues_query{"list_cues", CUED_LIST_CUES("", "counts.cues")};

/// Whatever else than the four is asked for, nobody keeps a count of. Index: idx_cues_status, as above.
constexpr named_query list_cues_of_status_query{
    "list_cues_of_status",
    CUED_LIST_CUES(" AND status = $4::text",
                   "CASE $4::text WHEN 'active' THEN counts.active WHEN 'paused' THEN counts.paused "
                   "WHEN 'completed' THEN counts.completed WHEN 'failed' THEN counts.failed "
                   "ELSE (SELECT count(*) FROM cues WHERE user_id = $1::uuid AND status = $4::text) END")};

std::string text(const pqxx::field& f) { return {f.c_str(), f.size()}; }

std::optional<int> int_or_nothing(const pqxx::field& f) {
  return f.is_null() ? std::nullopt : std::optional{f.as<int>()};
}

} // namespace

cue_row read_cue(const pqxx::row& row) {
  cue_row out;
  out.id = text(row["id"]);
  out.name = text(row["name"]);
  out.description = text_or_nothing(row["description"]);
  out.status = text(row["status"]);
  out.transport = text(row["callback_transport"]);
  out.schedule_type = text(row["schedule_type"]);
  out.cron = text_or_nothing(row["schedule_cron"]);
  out.at = instant_or_nothing(row["schedule_at"]);
  out.timezone = text(row["schedule_timezone"]);
  out.callback_url = text_or_nothing(row["callback_url"]);
  out.callback_method = text(row["callback_method"]);
  out.callback_headers_json = text(row["callback_headers"]);
  out.payload_json = text(row["payload"]);
  out.retry = {row["retry_max_attempts"].as<int>(), text(row["retry_backoff_minutes"]),
               text_or_nothing(row["retry_backoff_seconds"]), int_or_nothing(row["retry_jitter_percent"])};
  out.policies = {text_or_nothing(row["catch_up"]), int_or_nothing(row["catch_up_window_seconds"]),
                  text_or_nothing(row["overlap_policy"]), int_or_nothing(row["outcome_deadline_seconds"])};
  out.on_failure_json = text_or_nothing(row["on_failure"]);
  out.verification_mode = text_or_nothing(row["verification_mode"]);
  out.next_run = instant_or_nothing(row["next_run"]);
  out.last_run = instant_or_nothing(row["last_run"]);
  out.run_count = row["run_count"].as<std::int64_t>();
  out.fired_count = row["fired_count"].as<std::int64_t>();
  out.created_at = read_instant(row["created_at"].c_str());
  out.updated_at = read_instant(row["updated_at"].c_str());
  return out;
}

tl::unexpected<error> cue_not_found() { return fail(404, "cue_not_found", "Cue not found"); }

result<cue_row> find_cue(connection& db, const std::string& user_id, const std::string& cue_id) {
  return db.run([&](session& s) -> result<cue_row> {
    const auto rows = s.exec(find_cue_query, cue_id, user_id);
    if (rows.empty())
      return cue_not_found();
    return read_cue(rows[0]);
  });
}

result<cue_page> list_cues(connection& db, const std::string& user_id, const std::optional<std::string>& status,
                           int limit, std::int64_t offset) {
  return db.run([&](session& s) -> result<cue_page> {
    const auto rows = status ? s.exec(list_cues_of_status_query, user_id, limit, offset, *status)
                             : s.exec(list_cues_query, user_id, limit, offset);
    cue_page page;
    page.total = rows[0]["total"].as<std::int64_t>();
    if (rows[0]["id"].is_null())
      return page;
    page.cues.reserve(rows.size());
    for (const auto& row : rows)
      page.cues.push_back(read_cue(row));
    return page;
  });
}

std::vector<named_query> cue_list_statements() { return {list_cues_query, list_cues_of_status_query}; }

} // namespace cued::persistence
