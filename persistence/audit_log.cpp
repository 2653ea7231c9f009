#include "persistence/audit_log.hpp"

#include "persistence/postgres/nullable_fields.hpp"

namespace cued::persistence {
namespace {

/// Part of every act's transaction. Indexes: audit_log_pkey, audit_log_user, audit_log_occurred (to be kept up).
constexpr named_query audit_insert{"audit_insert", R"sql(
  INSERT INTO cued.audit_log (user_id, occurred_at, action, actor, key_id, client_address, request_id, details)
  VALUES ($1::uuid, now(), $2, $3, $4::uuid, $5, $6, $7::jsonb)
)sql"};

/// Pages go backwards by id, so that a log that grows meanwhile neither repeats nor skips a record. Indexes:
/// audit_log_user, api_keys_pkey.
constexpr named_query audit_page{"audit_page", R"sql(
  SELECT a.id, a.occurred_at, a.action, a.actor, a.key_id, k.name AS key_name, a.client_address, a.request_id,
         a.details
  FROM cued.audit_log a LEFT JOIN cued.api_keys k ON k.id = a.key_id AND k.user_id = a.user_id
  WHERE a.user_id = $1::uuid AND a.id < coalesce($3::bigint, 9223372036854775807)
  ORDER BY a.id DESC
  LIMIT $2::int
)sql"};

/// Hourly. Index: audit_log_occurred.
constexpr named_query audit_delete_old{"audit_delete_old", R"sql(
  DELETE FROM cued.audit_log WHERE occurred_at < $1::timestamptz
)sql"};

audit_record read_record(const pqxx::row& row) {
  return {row["id"].as<std::int64_t>(),           read_instant(row["occurred_at"].c_str()),
          row["action"].as<std::string>(),        row["actor"].as<std::string>(),
          text_or_nothing(row["key_id"]),         text_or_nothing(row["key_name"]),
          text_or_nothing(row["client_address"]), text_or_nothing(row["request_id"]),
          text_or_nothing(row["details"])};
}

} // namespace

std::string_view name_of(audit_action action) {
  switch (action) {
  case audit_action::account_registered:
    return "account_registered";
  case audit_action::account_changed:
    return "account_changed";
  case audit_action::account_upserted:
    return "account_upserted";
  case audit_action::key_revealed:
    return "key_revealed";
  case audit_action::key_regenerated:
    return "key_regenerated";
  case audit_action::named_key_made:
    return "named_key_made";
  case audit_action::named_key_revoked:
    return "named_key_revoked";
  case audit_action::named_key_rotated:
    return "named_key_rotated";
  case audit_action::webhook_secret_revealed:
    return "webhook_secret_revealed";
  case audit_action::webhook_secret_regenerated:
    return "webhook_secret_regenerated";
  case audit_action::alert_webhook_secret_revealed:
    return "alert_webhook_secret_revealed";
  case audit_action::alert_webhook_secret_regenerated:
    return "alert_webhook_secret_regenerated";
  case audit_action::session_opened:
    return "session_opened";
  case audit_action::session_refreshed:
    return "session_refreshed";
  case audit_action::login_approved:
    return "login_approved";
  case audit_action::login_claimed:
    return "login_claimed";
  }
  return "unknown";
}

void write_audit(session& within, const std::string& user_id, const audit_entry& entry) {
  within.exec(audit_insert, user_id, std::string{name_of(entry.action)}, entry.actor, entry.key_id,
              entry.client_address, entry.request_id, entry.details);
}

result<void> record_audit(connection& db, const std::string& user_id, const audit_entry& entry) {
  return db.run([&](session& s) -> result<void> {
    write_audit(s, user_id, entry);
    return {};
  });
}

result<std::vector<audit_record>> read_audit(connection& db, const std::string& user_id, int limit,
                                             std::optional<std::int64_t> before) {
  return db.run([&](session& s) -> result<std::vector<audit_record>> {
    std::vector<audit_record> page;
    for (const auto& row : s.exec(audit_page, user_id, limit, before))
      page.push_back(read_record(row));
    return page;
  });
}

result<void> forget_audit(connection& db, instant before) {
  return db.run([&](session& s) -> result<void> {
    s.exec(audit_delete_old, write_instant(before));
    return {};
  });
}

} // namespace cued::persistence
