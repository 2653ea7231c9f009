#include "persistence/alerts.hpp"

#include "persistence/postgres/nullable_fields.hpp"

namespace cued::persistence {
namespace {

/// One page, newest first, each with its notice. Index: ix_alerts_user_created, read backwards; notices_alert.
constexpr named_query alerts_of_user{"alerts_of_user", R"sql(
  SELECT a.id, a.cue_id, a.execution_id, a.alert_type, a.severity, a.message,
         nullif(a.metadata, 'null'::jsonb) AS metadata, a.acknowledged, a.created_at, n.status AS delivery, n.attempts,
         n.http_status, n.last_error, n.delivered_at
  FROM alerts a LEFT JOIN cued.notices n ON n.alert_id = a.id
  WHERE a.user_id = $1::uuid
    AND ($2::text IS NULL OR a.alert_type = $2)
    AND ($3::timestamptz IS NULL OR a.created_at >= $3)
  ORDER BY a.created_at DESC, a.id
  LIMIT $4::bigint OFFSET $5::bigint
)sql"};

/// Index: ix_alerts_user_created.
constexpr named_query alerts_of_user_count{"alerts_of_user_count", R"sql(
  SELECT count(*) FROM alerts
  WHERE user_id = $1::uuid
    AND ($2::text IS NULL OR alert_type = $2)
    AND ($3::timestamptz IS NULL OR created_at >= $3)
)sql"};

std::optional<alert_delivery> read_delivery(const pqxx::row& row) {
  if (row["delivery"].is_null())
    return std::nullopt;
  alert_delivery out;
  out.status = row["delivery"].as<std::string>();
  out.attempts = row["attempts"].as<int>();
  if (!row["http_status"].is_null())
    out.http_status = row["http_status"].as<int>();
  out.last_error = text_or_nothing(row["last_error"]);
  if (!row["delivered_at"].is_null())
    out.delivered_at = read_instant(row["delivered_at"].c_str());
  return out;
}

alert read_alert(const pqxx::row& row) {
  return {row["id"].as<std::string>(),
          text_or_nothing(row["cue_id"]),
          text_or_nothing(row["execution_id"]),
          row["alert_type"].as<std::string>(),
          row["severity"].as<std::string>(),
          row["message"].as<std::string>(),
          text_or_nothing(row["metadata"]),
          row["acknowledged"].as<bool>(),
          read_instant(row["created_at"].c_str()),
          read_delivery(row)};
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
