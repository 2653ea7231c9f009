#include "persistence/users.hpp"

#include "persistence/api_keys.hpp"
#include "persistence/cue_counts.hpp"

namespace cued::persistence {
namespace {

/// Every authenticated request that the principal cache does not answer: the account's own key, or a named one that is
/// living. Indexes: unique on users.api_key_hash, unique on api_keys.key_hash, users_pkey.
constexpr named_query principal_by_key_hash{"principal_by_key_hash", R"sql(
  SELECT id, email, plan, active_cue_limit, monthly_execution_limit, rate_limit_per_minute, api_key_hash,
         'full' AS scope, '' AS key_id, NULL::timestamptz AS key_expires_at
  FROM users WHERE api_key_hash = $1
  UNION ALL
  SELECT u.id, u.email, u.plan, u.active_cue_limit, u.monthly_execution_limit, u.rate_limit_per_minute, k.key_hash,
         k.scope, k.id::text, k.expires_at
  FROM cued.api_keys k JOIN users u ON u.id = k.user_id
  WHERE k.key_hash = $1 AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
)sql"};

/// Sessions and the internal token name the user. Index: users_pkey.
constexpr named_query principal_by_id{"principal_by_id", R"sql(
  SELECT id, email, plan, active_cue_limit, monthly_execution_limit, rate_limit_per_minute, '' AS api_key_hash,
         'full' AS scope, '' AS key_id, NULL::timestamptz AS key_expires_at
  FROM users WHERE id = $1::uuid
)sql"};

/// Asked only about keys that belong to nobody. Index: rotated_keys_pkey.
constexpr named_query key_was_rotated{"key_was_rotated", R"sql(
  SELECT EXISTS (SELECT 1 FROM cued.rotated_keys WHERE key_hash = $1 AND rotated_at > now() - interval '24 hours')
)sql"};

/// Names every column, for a database made from the reference's models has no defaults. Whatever unique key is in the
/// way (address or slug), the insert steps aside after waiting for the other transaction; nothing is returned then.
/// The copy of the key joins in the same statement, so there is never one without its user.
constexpr named_query user_insert{"user_insert", R"sql(
  WITH made AS (
    INSERT INTO users (id, email, api_key_hash, api_key_prefix, api_key_encrypted, slug, webhook_secret, plan,
                       active_cue_limit, monthly_execution_limit, monthly_message_limit, rate_limit_per_minute,
                       created_at, updated_at)
    VALUES ($1::uuid, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, now(), now())
    ON CONFLICT DO NOTHING
    RETURNING id
  ), kept AS (
    INSERT INTO cued.registered_keys (user_id, api_key_encrypted)
    SELECT id, $13::text FROM made WHERE $13::text IS NOT NULL
    ON CONFLICT (user_id) DO UPDATE SET api_key_encrypted = excluded.api_key_encrypted
  )
  SELECT id FROM made
)sql"};

/// Tells a taken address from a taken slug. Index: unique on email.
constexpr named_query email_is_taken{"email_is_taken", R"sql(
  SELECT EXISTS (SELECT 1 FROM users WHERE email = $1)
)sql"};

/// Indexes: users_pkey, cue_counts_by_user, cue_count_changes_by_user, unique_user_month.
constexpr named_query account_of_user{"account_of_user", R"sql(
  SELECT u.email, u.plan, u.active_cue_limit, u.monthly_execution_limit, u.rate_limit_per_minute,
         u.webhook_secret <> '' AS has_webhook_secret, u.api_key_prefix, u.slug,
         (SELECT active FROM )sql" CUED_CUE_COUNTS_OF("$1::uuid") R"sql( counts) AS active_cues,
         coalesce((SELECT m.execution_count FROM usage_monthly m
                   WHERE m.user_id = u.id AND m.month_start = $2::date), 0) AS executions_this_month
  FROM users u WHERE u.id = $1::uuid
)sql"};

/// $3: the new alert URL, '' to clear it, NULL to leave it. Index: users_pkey.
constexpr named_query account_update{"account_update", R"sql(
  UPDATE users
  SET email = coalesce($2, email),
      alert_webhook_url = CASE WHEN $3::text IS NULL THEN alert_webhook_url ELSE nullif($3, '') END,
      updated_at = now()
  WHERE id = $1::uuid
  RETURNING updated_at, api_key_hash
)sql"};

std::optional<principal> read_principal(const pqxx::result& rows) {
  if (rows.empty())
    return std::nullopt;
  const auto row = rows[0];
  return principal{row["id"].as<std::string>(),
                   row["email"].as<std::string>(),
                   row["plan"].as<std::string>(),
                   row["active_cue_limit"].as<int>(),
                   row["monthly_execution_limit"].as<int>(),
                   row["rate_limit_per_minute"].as<int>(),
                   row["api_key_hash"].as<std::string>(),
                   read_scope(row["scope"].c_str()),
                   row["key_id"].as<std::string>(),
                   row["key_expires_at"].is_null() ? std::nullopt
                                                   : std::optional{read_instant(row["key_expires_at"].c_str())}};
}

tl::unexpected<error> duplicate_email() {
  return fail(409, "duplicate_email", "An account with this email already exists");
}

} // namespace

tl::unexpected<error> user_not_found() { return fail(401, "user_not_found", "User not found"); }

result<std::optional<principal>> find_principal_by_key_hash(connection& db, const std::string& hash) {
  return db.run([&](session& s) -> result<std::optional<principal>> {
    return read_principal(s.exec(principal_by_key_hash, hash));
  });
}

result<std::optional<principal>> find_principal_by_id(connection& db, const std::string& user_id) {
  return db.run(
      [&](session& s) -> result<std::optional<principal>> { return read_principal(s.exec(principal_by_id, user_id)); });
}

result<bool> was_rotated(connection& db, const std::string& hash) {
  return db.run([&](session& s) -> result<bool> { return s.exec(key_was_rotated, hash)[0][0].as<bool>(); });
}

result<void> insert_user(session& within, const new_user& user) {
  for (const auto& slug : user.slugs) {
    const auto made =
        within.exec(user_insert, user.id, user.email, user.api_key_hash, user.api_key_prefix, user.api_key_encrypted,
                    slug, user.webhook_secret, user.plan, user.active_cue_limit, user.monthly_execution_limit,
                    user.monthly_message_limit, user.rate_limit_per_minute, user.registered_key_encrypted);
    if (!made.empty())
      return {};
    if (within.exec(email_is_taken, user.email)[0][0].as<bool>())
      return duplicate_email();
  }
  return fail(unavailable("No free name was found for the account"));
}

result<void> insert_user(connection& db, const new_user& user, const audit_entry& act) {
  auto inserted = db.in_transaction([&](session& s) {
    auto made = insert_user(s, user);
    if (made)
      write_audit(s, user.id, act);
    return made;
  });
  if (inserted || inserted.error().status != 503)
    return inserted;
  // The connection may have been lost between the commit and its confirmation. The key is shown only once, so a
  // second attempt of the caller could not get at it.
  const auto found = find_principal_by_key_hash(db, user.api_key_hash);
  if (found && *found)
    return {};
  return inserted;
}

result<account_view> read_account(connection& db, const std::string& user_id, const std::string& month) {
  return db.run([&](session& s) -> result<account_view> {
    const auto rows = s.exec(account_of_user, user_id, month);
    if (rows.empty())
      return user_not_found();
    const auto row = rows[0];
    account_view a;
    a.email = row["email"].as<std::string>();
    a.plan = row["plan"].as<std::string>();
    a.active_cues = row["active_cues"].as<int>();
    a.active_cue_limit = row["active_cue_limit"].as<int>();
    a.executions_this_month = row["executions_this_month"].as<std::int64_t>();
    a.monthly_execution_limit = row["monthly_execution_limit"].as<int>();
    a.rate_limit_per_minute = row["rate_limit_per_minute"].as<int>();
    a.has_webhook_secret = row["has_webhook_secret"].as<bool>(false);
    a.api_key_prefix = row["api_key_prefix"].as<std::string>();
    if (!row["slug"].is_null())
      a.slug = row["slug"].as<std::string>();
    return a;
  });
}

result<changed_account> change_account(connection& db, const std::string& user_id, const account_change& change,
                                       const audit_entry& act) {
  return db.in_transaction([&](session& s) -> result<changed_account> {
    try {
      const auto rows = s.exec(account_update, user_id, change.email, change.alert_webhook_url);
      if (rows.empty())
        return user_not_found();
      write_audit(s, user_id, act);
      return changed_account{read_instant(rows[0]["updated_at"].c_str()), rows[0]["api_key_hash"].as<std::string>()};
    } catch (const pqxx::unique_violation&) {
      return duplicate_email();
    }
  });
}

} // namespace cued::persistence
