#include "persistence/usage.hpp"

#include "persistence/cue_counts.hpp"

namespace cued::persistence {
namespace {

/// Source of the header X-CueAPI-Usage-Warning. Index: unique_user_month.
constexpr named_query usage_of_month{"usage_of_month", R"sql(
  SELECT coalesce((SELECT execution_count FROM usage_monthly WHERE user_id = $1::uuid AND month_start = $2::date), 0)
)sql"};

/// Everything GET /v1/usage counts, in one pass over the user's executions of the month where the reference makes six.
/// Executions belong to a user only through their cue, so those of deleted cues leave the counts.
/// Indexes: unique_user_month, cue_counts_by_user, the ones on cues.user_id and executions.cue_id.
constexpr named_query usage_counts_of_user{"usage_counts_of_user", R"sql(
  SELECT (SELECT active + paused FROM )sql" CUED_CUE_COUNTS_OF("$1::uuid") R"sql( counts) AS cues,
         coalesce((SELECT execution_count FROM usage_monthly
                   WHERE user_id = $1::uuid AND month_start = $2::date), 0) AS executions,
         count(*) FILTER (WHERE e.outcome_recorded_at IS NOT NULL) AS reported,
         count(*) FILTER (WHERE e.outcome_recorded_at IS NOT NULL AND e.outcome_success) AS succeeded,
         count(*) FILTER (WHERE CASE WHEN e.outcome_recorded_at IS NOT NULL THEN NOT e.outcome_success
                                     ELSE e.status IN ('failed', 'missed') END) AS failed
  FROM cues c JOIN executions e ON e.cue_id = c.id
  WHERE c.user_id = $1::uuid AND e.created_at >= ($2::date::timestamp AT TIME ZONE 'UTC')
)sql"};

} // namespace

result<std::int64_t> monthly_usage(connection& db, const std::string& user_id, const std::string& month) {
  return db.run([&](session& s) -> result<std::int64_t> {
    return s.exec(usage_of_month, user_id, month)[0][0].as<std::int64_t>();
  });
}

result<usage_counts> read_usage(connection& db, const std::string& user_id, const std::string& month) {
  return db.run([&](session& s) -> result<usage_counts> {
    const auto rows = s.exec(usage_counts_of_user, user_id, month);
    const auto row = rows[0];
    return usage_counts{row["cues"].as<std::int64_t>(), row["executions"].as<std::int64_t>(),
                        row["reported"].as<std::int64_t>(), row["succeeded"].as<std::int64_t>(),
                        row["failed"].as<std::int64_t>()};
  });
}

} // namespace cued::persistence
