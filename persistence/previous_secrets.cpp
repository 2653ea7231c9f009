#include "persistence/previous_secrets.hpp"

namespace cued::persistence {
namespace {

/// The lock makes rotations of one account wait for each other, so none keeps a secret that another has just kept.
/// Index: users_pkey, previous_secrets_pkey.
constexpr named_query previous_secret_keep{"previous_secret_keep", R"sql(
  WITH in_force AS (
    SELECT id, CASE $2::text WHEN 'webhook' THEN webhook_secret ELSE alert_webhook_secret END AS secret
    FROM users WHERE id = $1::uuid
    FOR UPDATE
  )
  INSERT INTO cued.previous_secrets (user_id, kind, secret, valid_until)
  SELECT id, $2::text, secret, now() + make_interval(secs => $3::int) FROM in_force WHERE secret <> ''
  ON CONFLICT (user_id, kind) DO UPDATE SET secret = excluded.secret, valid_until = excluded.valid_until
  RETURNING valid_until
)sql"};

/// Index: previous_secrets_pkey.
constexpr named_query previous_secret_end{"previous_secret_end", R"sql(
  DELETE FROM cued.previous_secrets WHERE user_id = $1::uuid AND kind = $2::text
)sql"};

/// Hourly, a scan of a table that is nearly always empty.
constexpr named_query previous_secrets_forget{"previous_secrets_forget", R"sql(
  DELETE FROM cued.previous_secrets WHERE valid_until <= now()
)sql"};

const char* name_of(secret_kind kind) { return kind == secret_kind::webhook ? "webhook" : "alert_webhook"; }

} // namespace

std::optional<instant> keep_secret_in_force(session& within, const std::string& user_id, secret_kind kind,
                                            std::chrono::seconds overlap) {
  const auto kept = within.exec(previous_secret_keep, user_id, name_of(kind), static_cast<int>(overlap.count()));
  return kept.empty() ? std::nullopt : std::optional{read_instant(kept[0][0].c_str())};
}

void end_previous_secret(session& within, const std::string& user_id, secret_kind kind) {
  within.exec(previous_secret_end, user_id, name_of(kind));
}

result<void> forget_previous_secrets(connection& db) {
  return db.run([&](session& s) -> result<void> {
    s.exec(previous_secrets_forget);
    return {};
  });
}

} // namespace cued::persistence
