#include "persistence/alerts.hpp"

namespace cued::persistence {
namespace {

/// One page, newest first. Index: ix_alerts_user_created, read backwards.
constexpr named_query alerts_of_user{"alerts_of_user", R"sql(
  SELECT id, cue_id, execution_id, alert_type, severity, message, nullif(metadata, 'null'::jsonb) AS metadata,
         acknowledged, created_at
  FROM alerts
  WHERE user_id = $1::uuid
    AND ($2::text IS NULL OR alert_type = $2)
    AND ($3::timestamptz IS NULL OR created_at >= $3)
  ORDER BY created_at DESC, id
  LIMIT $4::bigint OFFSET $5::bigint
)sql"};

/// Index: ix_alerts_user_created.
constexpr named_query alerts_of_user_count{"alerts_of_user_count", R"sql(
  SELECT count(*) FROM alerts
  WHERE user_id = $1::uuid
    AND ($2::text IS NULL OR alert_type = $2)
    AND ($3::timestamptz IS NULL OR created_at >= $3)
)sql"};

std::optional<std::string> text_or_nothing(const pqxx::field& field) {
  return field.is_null() ? std::nullopt : std::optional{field.as<std::string>()};
}

alert read_alert(const pqxx::row& row) {
  return {
      row["id"].as<std::string>(),         text_or_nothing(row["cue_id"]),    text_or_nothing(row["execution_id"]),
      row["alert_type"].as<std::string>(), row["severity"].as<std::string>(), row["message"].as<std::string>(),
      text_or_nothing(row["metadata"]),    row["acknowledged"].as<bool>(),    read_instant(row["created_at"].c_str())};
}

} // namespace

result<alert_page> list_alerts(connection& db, const std::string& user_id, const alert_filter& filter) {
  const auto since = filter.since ? std::optional{write_instant(*filter.since)} : std::nullopt;
  return db.run([&](session& s) -> result<alert_page> {
    alert_page page;
    for (const auto& row : s.exec(alerts_of_user, user_id, filter.alert_type, since, filter.limit, filter.offset))
      page.alerts.push_back(read_alert(row));
    page.total = s.exec(alerts_of_user_count, user_id, filter.alert_type, since)[0][0].as<std::int64_t>();
    return page;
  });
}

} // namespace cued::persistence
