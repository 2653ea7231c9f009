#include "persistence/api_keys.hpp"

#include <stdexcept>

#include "persistence/postgres/nullable_fields.hpp"
#include "persistence/users.hpp"

namespace cued::persistence {
namespace {

/// First statement of every change of an account's keys. Index: users_pkey.
constexpr named_query account_lock{"account_lock", R"sql(
  SELECT 1 FROM users WHERE id = $1::uuid FOR NO KEY UPDATE
)sql"};

/// After account_lock a statement of its own: it must see what was committed while that waited.
/// Indexes: unique on api_key_hash, unique on key_hash.
constexpr named_query key_lives{"full_key_lives", R"sql(
  SELECT EXISTS (SELECT 1 FROM users WHERE id = $1::uuid AND api_key_hash = $2)
      OR EXISTS (SELECT 1 FROM cued.api_keys
                 WHERE user_id = $1::uuid AND key_hash = $2 AND scope = 'full' AND revoked_at IS NULL
                   AND (expires_at IS NULL OR expires_at > now()))
)sql"};

/// A key that expired gives its name and its place free. Behind account_lock. Index: api_keys_user.
constexpr named_query expired_keys_revoke{"expired_keys_revoke", R"sql(
  UPDATE cued.api_keys SET revoked_at = expires_at
  WHERE user_id = $1::uuid AND revoked_at IS NULL AND expires_at <= now()
)sql"};

/// Behind account_lock. Index: api_keys_user.
constexpr named_query living_keys_count{"living_keys_count", R"sql(
  SELECT count(*), coalesce(bool_or(name = $2), false) AS name_taken
  FROM cued.api_keys WHERE user_id = $1::uuid AND revoked_at IS NULL
)sql"};

/// Behind account_lock. Indexes (to be kept up): api_keys_pkey, unique on key_hash, api_keys_user, api_keys_name.
constexpr named_query named_key_insert{"named_key_insert", R"sql(
  INSERT INTO cued.api_keys (id, user_id, name, scope, key_hash, key_prefix, created_at, expires_at)
  VALUES ($2::uuid, $1::uuid, $3, $4, $5, $6, now(), $7::timestamptz)
  RETURNING id, name, scope, key_prefix, created_at, last_used_at, expires_at, revoked_at
)sql"};

/// Behind account_lock. Index: api_keys_pkey.
constexpr named_query named_key_revoke{"named_key_revoke", R"sql(
  UPDATE cued.api_keys SET revoked_at = now()
  WHERE id = $2::uuid AND user_id = $1::uuid AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
  RETURNING key_hash, name
)sql"};

/// Behind account_lock; the old hash is remembered as rotated in the same statement. Indexes: api_keys_pkey,
/// rotated_keys_pkey.
constexpr named_query named_key_rotate{"named_key_rotate", R"sql(
  WITH old AS (
    SELECT id, key_hash FROM cued.api_keys
    WHERE id = $2::uuid AND user_id = $1::uuid AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
  ), remembered AS (
    INSERT INTO cued.rotated_keys (key_hash, user_id, rotated_at)
    SELECT key_hash, $1::uuid, now() FROM old
    ON CONFLICT (key_hash) DO UPDATE SET rotated_at = excluded.rotated_at
  )
  UPDATE cued.api_keys k SET key_hash = $3, key_prefix = $4, last_used_at = NULL
  FROM old WHERE k.id = old.id
  RETURNING k.id, k.name, k.scope, k.key_prefix, k.created_at, k.last_used_at, k.expires_at, k.revoked_at,
            old.key_hash AS old_hash
)sql"};

/// Index: users_pkey.
constexpr named_query account_key_prefix{"account_key_prefix", R"sql(
  SELECT api_key_prefix FROM users WHERE id = $1::uuid
)sql"};

/// Living keys are bounded by the limit of an account, dead ones by $2. Index: api_keys_user.
constexpr named_query named_keys_list{"named_keys_list", R"sql(
  WITH all_keys AS (
    SELECT *, revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()) AS living
    FROM cued.api_keys WHERE user_id = $1::uuid
  ), dead AS (
    SELECT * FROM all_keys WHERE NOT living ORDER BY created_at DESC LIMIT $2::int
  )
  SELECT id, name, scope, key_prefix, created_at, last_used_at, expires_at, revoked_at
  FROM (SELECT * FROM all_keys WHERE living UNION ALL SELECT * FROM dead) shown
  ORDER BY living DESC, created_at DESC, id
)sql"};

/// The condition keeps several nodes from each writing the same. Index: api_keys_pkey; no index holds the column.
constexpr named_query named_key_used{"named_key_used", R"sql(
  UPDATE cued.api_keys SET last_used_at = $2::timestamptz
  WHERE id = $1::uuid AND (last_used_at IS NULL OR last_used_at <= $3::timestamptz)
)sql"};

/// Hourly, a scan of a small table. There is no foreign key to lean on.
constexpr named_query dead_keys_delete{"dead_keys_delete", R"sql(
  DELETE FROM cued.api_keys k
  WHERE least(k.revoked_at, k.expires_at) < $1::timestamptz
     OR NOT EXISTS (SELECT 1 FROM users u WHERE u.id = k.user_id)
)sql"};

api_key_view read_view(const pqxx::row& row) {
  return {row["id"].as<std::string>(),
          row["name"].as<std::string>(),
          read_scope(row["scope"].c_str()),
          row["key_prefix"].as<std::string>(),
          read_instant(row["created_at"].c_str()),
          instant_or_nothing(row["last_used_at"]),
          instant_or_nothing(row["expires_at"]),
          instant_or_nothing(row["revoked_at"])};
}

result<api_key_view> insert_key(session& s, const key_owner& owner, const new_api_key& key) {
  s.exec(expired_keys_revoke, owner.user_id);
  const auto living = s.exec(living_keys_count, owner.user_id, key.name)[0];
  if (living["name_taken"].as<bool>())
    return fail(409, "duplicate_key_name", "Another key of the account has this name");
  if (living[0].as<int>() >= living_keys_per_account)
    return fail(409, "key_limit_reached",
                "An account has at most " + std::to_string(living_keys_per_account) + " keys; revoke one first");
  const auto expires_at = key.expires_at ? std::optional{write_instant(*key.expires_at)} : std::nullopt;
  return read_view(s.exec(named_key_insert, owner.user_id, key.id, key.name, std::string{name_of(key.scope)}, key.hash,
                          key.prefix, expires_at)[0]);
}

} // namespace

tl::unexpected<error> key_not_found() { return fail(404, "key_not_found", "There is no such API key"); }

bool full_key_lives(session& within, const std::string& user_id, const std::string& key_hash) {
  return within.exec(key_lives, user_id, key_hash)[0][0].as<bool>();
}

key_scope read_scope(std::string_view text) {
  if (const auto scope = scope_named(text))
    return *scope;
  throw std::runtime_error("not a scope of a key: " + std::string{text});
}

result<void> lock_keys(session& within, const key_owner& owner) {
  if (within.exec(account_lock, owner.user_id).empty())
    return user_not_found();
  if (!owner.acting_key_hash.empty() && !full_key_lives(within, owner.user_id, owner.acting_key_hash))
    return fail(401, "invalid_api_key", "Invalid or missing API key");
  return {};
}

result<listed_keys> list_api_keys(connection& db, const std::string& user_id) {
  return db.run([&](session& s) -> result<listed_keys> {
    const auto account = s.exec(account_key_prefix, user_id);
    if (account.empty())
      return user_not_found();
    listed_keys out;
    out.account_key_prefix = account[0][0].as<std::string>();
    for (const auto& row : s.exec(named_keys_list, user_id, dead_keys_listed))
      out.keys.push_back(read_view(row));
    return out;
  });
}

result<api_key_view> add_api_key(connection& db, const key_owner& owner, const new_api_key& key,
                                 const audit_entry& act) {
  return db.in_transaction([&](session& s) -> result<api_key_view> {
    if (auto may = lock_keys(s, owner); !may)
      return fail(std::move(may.error()));
    auto added = insert_key(s, owner, key);
    if (added)
      write_audit(s, owner.user_id, act);
    return added;
  });
}

result<std::string> revoke_api_key(connection& db, const key_owner& owner, const std::string& key_id,
                                   const audit_entry& act) {
  return db.in_transaction([&](session& s) -> result<std::string> {
    if (auto may = lock_keys(s, owner); !may)
      return fail(std::move(may.error()));
    const auto revoked = s.exec(named_key_revoke, owner.user_id, key_id);
    if (revoked.empty())
      return key_not_found();
    write_audit(s, owner.user_id, act);
    return revoked[0]["key_hash"].as<std::string>();
  });
}

result<rotated_key> rotate_api_key(connection& db, const key_owner& owner, const std::string& key_id,
                                   const std::string& hash, const std::string& prefix, const audit_entry& act) {
  return db.in_transaction([&](session& s) -> result<rotated_key> {
    if (auto may = lock_keys(s, owner); !may)
      return fail(std::move(may.error()));
    const auto rotated = s.exec(named_key_rotate, owner.user_id, key_id, hash, prefix);
    if (rotated.empty())
      return key_not_found();
    write_audit(s, owner.user_id, act);
    return rotated_key{read_view(rotated[0]), rotated[0]["old_hash"].as<std::string>()};
  });
}

result<void> note_key_use(connection& db, const std::string& key_id, instant at) {
  return db.run([&](session& s) -> result<void> {
    s.exec(named_key_used, key_id, write_instant(at), write_instant(at - last_use_granularity));
    return {};
  });
}

result<void> forget_dead_keys(connection& db, instant now) {
  return db.run([&](session& s) -> result<void> {
    s.exec(dead_keys_delete, write_instant(now - revoked_key_retention));
    return {};
  });
}

} // namespace cued::persistence
