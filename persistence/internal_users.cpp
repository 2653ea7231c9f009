#include "persistence/internal_users.hpp"

#include "persistence/proven_addresses.hpp"

namespace cued::persistence {
namespace {

/// One statement, so that two copies of one user cannot clash. A row that was just inserted has no deleting or locking
/// transaction (xmax); one that was updated by the conflict clause has ours. Indexes: users_pkey, the unique ones.
constexpr named_query external_user_upsert{"external_user_upsert", R"sql(
  INSERT INTO users (id, email, slug, plan, active_cue_limit, monthly_execution_limit, monthly_message_limit,
                     rate_limit_per_minute, external_owner, api_key_hash, api_key_prefix, webhook_secret,
                     created_at, updated_at)
  VALUES ($1::uuid, $2, $3, coalesce($4, 'free'), coalesce($5::int, 10), coalesce($6::int, 300),
          coalesce($7::int, 300), coalesce($8::int, 60), $9, $10, $11, $12, now(), now())
  ON CONFLICT (id) DO UPDATE
  SET email = excluded.email, slug = excluded.slug, plan = coalesce($4, users.plan),
      active_cue_limit = coalesce($5::int, users.active_cue_limit),
      monthly_execution_limit = coalesce($6::int, users.monthly_execution_limit),
      monthly_message_limit = coalesce($7::int, users.monthly_message_limit),
      rate_limit_per_minute = coalesce($8::int, users.rate_limit_per_minute),
      external_owner = coalesce($9, users.external_owner), updated_at = now()
  RETURNING id, email, slug, plan, active_cue_limit, monthly_execution_limit, monthly_message_limit,
            rate_limit_per_minute, xmax = 0 AS created
)sql"};

/// Tells a taken address from a taken name: the constraints bear different names in different databases.
/// Index: unique on email.
constexpr named_query email_is_another_s{"email_is_another_s", R"sql(
  SELECT EXISTS (SELECT 1 FROM users WHERE email = $2 AND id <> $1::uuid)
)sql"};

stored_external_user read_stored(const pqxx::row& row) {
  return {row["id"].as<std::string>(),
          row["email"].as<std::string>(),
          row["slug"].as<std::string>(),
          row["plan"].as<std::string>(),
          row["active_cue_limit"].as<int>(),
          row["monthly_execution_limit"].as<int>(),
          row["monthly_message_limit"].as<int>(),
          row["rate_limit_per_minute"].as<int>(),
          row["created"].as<bool>()};
}

} // namespace

result<stored_external_user> upsert_external_user(connection& db, const external_user& user, const audit_entry& act) {
  bool taken = false;
  auto stored = db.in_transaction([&](session& s) -> result<stored_external_user> {
    try {
      const auto rows = s.exec(external_user_upsert, user.id, user.email, user.slug, user.plan, user.active_cue_limit,
                               user.monthly_execution_limit, user.monthly_message_limit, user.rate_limit_per_minute,
                               user.external_owner, user.api_key_hash, user.api_key_prefix, user.webhook_secret);
      note_proven_address(s, user.id, user.email);
      write_audit(s, user.id, act);
      return read_stored(rows[0]);
    } catch (const pqxx::unique_violation&) {
      taken = true;
      return fail(409, "duplicate_slug", "Another account has this slug");
    }
  });
  if (!taken)
    return stored;
  // That transaction can be asked nothing more; which of the two was taken takes another look.
  return db.run([&](session& s) -> result<stored_external_user> {
    if (s.exec(email_is_another_s, user.id, user.email)[0][0].as<bool>())
      return fail(409, "duplicate_email", "Another account has this email");
    return stored;
  });
}

} // namespace cued::persistence
