#include "persistence/device_codes.hpp"

#include "persistence/api_keys.hpp"
#include "persistence/postgres/nullable_fields.hpp"
#include "persistence/proven_addresses.hpp"

namespace cued::persistence {
namespace {

/// A fresh login, also in the place of one that is over. Index: unique on device_code.
constexpr named_query device_code_start{"device_code_start", R"sql(
  INSERT INTO device_codes (id, device_code, status, expires_at, created_at)
  VALUES (gen_random_uuid(), $1, 'pending', $2::timestamptz, $3::timestamptz)
  ON CONFLICT (device_code) DO UPDATE
  SET id = excluded.id, status = excluded.status, expires_at = excluded.expires_at, created_at = excluded.created_at,
      email = NULL, api_key_plaintext = NULL, verification_token = NULL, session_token = NULL, user_id = NULL
  WHERE device_codes.status IN ('expired', 'claimed') OR device_codes.expires_at <= $3::timestamptz
  RETURNING id
)sql"};

/// Index: unique on device_code.
constexpr named_query device_code_note_email{"device_code_note_email", R"sql(
  UPDATE device_codes SET email = $2, verification_token = $3, status = 'email_sent'
  WHERE device_code = $1 AND status = 'pending' AND expires_at > $4::timestamptz
  RETURNING id
)sql"};

/// Why a step was not possible. Index: unique on device_code.
constexpr named_query device_code_state{"device_code_state", R"sql(
  SELECT status, expires_at <= $2::timestamptz AS expired, email, verification_token
  FROM device_codes WHERE device_code = $1
)sql"};

/// The same with the row locked, so that of two clicks on one link the second waits and finds it used.
constexpr named_query device_code_state_locked{"device_code_state_locked", R"sql(
  SELECT status, expires_at <= $2::timestamptz AS expired, email, verification_token
  FROM device_codes WHERE device_code = $1 FOR UPDATE
)sql"};

/// Runs behind the lock of device_code_state_locked. Index: unique on device_code.
constexpr named_query device_code_approve{"device_code_approve", R"sql(
  UPDATE device_codes SET status = 'approved', verification_token = NULL, session_token = $2, user_id = $3::uuid
  WHERE device_code = $1
)sql"};

/// Index: unique on email.
constexpr named_query user_id_of_email{"user_id_of_email", R"sql(
  SELECT id FROM users WHERE email = $1
)sql"};

/// A poll moves the row on, so it locks it first: what is handed out once must not be handed out twice.
/// Indexes: unique on device_code, users_pkey.
constexpr named_query device_code_for_poll{"device_code_for_poll", R"sql(
  SELECT d.status, d.expires_at <= $2::timestamptz AS expired, d.email, d.session_token, d.api_key_plaintext,
         u.id AS user_id, u.api_key_encrypted, u.api_key_hash
  FROM device_codes d LEFT JOIN users u ON u.id = d.user_id
  WHERE d.device_code = $1
  FOR UPDATE OF d
)sql"};

/// Behind the lock of device_code_for_poll. Index: unique on device_code.
constexpr named_query device_code_claim{"device_code_claim", R"sql(
  UPDATE device_codes SET status = 'claimed', api_key_plaintext = NULL WHERE device_code = $1
)sql"};

/// Behind the lock of device_code_for_poll. Index: unique on device_code.
constexpr named_query device_code_expire{"device_code_expire", R"sql(
  UPDATE device_codes SET status = 'expired' WHERE device_code = $1 AND status IN ('pending', 'email_sent')
)sql"};

/// One exchange finds the token, the next one does not. Index: the one on session_token.
constexpr named_query session_token_take{"session_token_take", R"sql(
  UPDATE device_codes SET session_token = NULL
  WHERE session_token = $1 AND status IN ('approved', 'claimed') AND user_id IS NOT NULL
    AND expires_at > $2::timestamptz
  RETURNING user_id
)sql"};

/// Index: users_pkey.
constexpr named_query email_of_user{"email_of_user", R"sql(
  SELECT email FROM users WHERE id = $1::uuid
)sql"};

/// Hourly, a scan of a small table.
constexpr named_query device_codes_delete_old{"device_codes_delete_old", R"sql(
  DELETE FROM device_codes WHERE expires_at <= $1::timestamptz
)sql"};

/// Hourly, a scan of a small table.
constexpr named_query device_codes_clear_keys{"device_codes_clear_keys", R"sql(
  UPDATE device_codes SET api_key_plaintext = NULL
  WHERE api_key_plaintext IS NOT NULL AND expires_at <= $1::timestamptz
)sql"};

tl::unexpected<error> invalid_link(const char* why) { return fail(400, "invalid_link", why); }

/// The address of a login that may be approved with this token.
result<std::string> check_link(const pqxx::result& rows, const std::string& token, token_comparison same) {
  if (rows.empty())
    return invalid_link("Device code not found");
  const auto row = rows[0];
  if (row["expired"].as<bool>())
    return invalid_link("Device code expired");
  if (row["status"].as<std::string>() != "email_sent" || row["email"].is_null())
    return invalid_link("Invalid device code status");
  if (!same(row["verification_token"].as<std::string>(""), token))
    return invalid_link("Invalid verification token");
  return row["email"].as<std::string>();
}

std::optional<std::string> find_user_id(session& s, const std::string& email) {
  const auto rows = s.exec(user_id_of_email, email);
  return rows.empty() ? std::nullopt : std::optional{rows[0][0].as<std::string>()};
}

struct account_of_login {
  std::string user_id;
  bool made = false; ///< by this very login
};

/// The account of that address, made from `candidate` if there is none.
result<account_of_login> ensure_user(session& s, const std::string& email, const std::optional<new_user>& candidate) {
  if (auto existing = find_user_id(s, email))
    return account_of_login{*existing};
  if (!candidate)
    return fail(404, "not_found", "Registration is disabled");
  new_user user = *candidate;
  user.email = email;
  if (const auto made = insert_user(s, user); !made) {
    // A registration of the same address may have come first; then its account is the one that is meant.
    if (auto existing = find_user_id(s, email))
      return account_of_login{*existing};
    return fail(made.error());
  }
  return account_of_login{user.id, true};
}

/// The link says that the address is the caller's; whether the account is, too, may need more.
result<void> prove_address(session& s, const std::string& email, const account_of_login& account,
                           const device_approval& approval) {
  if (!account.made) {
    if (!address_is_unproven(s, email))
      return {};
    const bool key_shown = approval.shown_key_hash && full_key_lives(s, account.user_id, *approval.shown_key_hash);
    if (!key_shown && approval.proof_demanded)
      return fail(403, "unproven_address",
                  "This account was registered without proof of its address; its API key is "
                  "needed once, together with the link");
    if (!key_shown)
      return {};
  }
  note_proven_address(s, account.user_id, email);
  return {};
}

} // namespace

result<void> start_device_login(connection& db, const std::string& code, instant now) {
  return db.run([&](session& s) -> result<void> {
    if (s.exec(device_code_start, code, write_instant(now + device_code_life), write_instant(now)).empty())
      return fail(409, "device_code_exists", "Device code already exists");
    return {};
  });
}

result<void> note_device_email(connection& db, const std::string& code, const std::string& email,
                               const std::string& verification_token, instant now) {
  return db.run([&](session& s) -> result<void> {
    if (!s.exec(device_code_note_email, code, email, verification_token, write_instant(now)).empty())
      return {};
    const auto rows = s.exec(device_code_state, code, write_instant(now));
    if (rows.empty())
      return fail(404, "device_code_not_found", "Device code not found");
    if (rows[0]["expired"].as<bool>())
      return fail(400, "device_code_expired", "Device code has expired");
    return fail(400, "invalid_status", "Device code is in status: " + rows[0]["status"].as<std::string>());
  });
}

result<waiting_login> find_waiting_login(connection& db, const std::string& code, const std::string& token, instant now,
                                         token_comparison same) {
  return db.run([&](session& s) -> result<waiting_login> {
    auto email = check_link(s.exec(device_code_state, code, write_instant(now)), token, same);
    if (!email)
      return fail(std::move(email.error()));
    const bool unproven = address_is_unproven(s, *email);
    return waiting_login{std::move(*email), unproven};
  });
}

result<void> approve_device_login(connection& db, const device_approval& approval, const audit_entry& act) {
  return db.in_transaction([&](session& s) -> result<void> {
    const auto found = s.exec(device_code_state_locked, approval.code, write_instant(approval.now));
    const auto email = check_link(found, approval.token, approval.same);
    if (!email)
      return fail(email.error());
    const auto account = ensure_user(s, *email, approval.account);
    if (!account)
      return fail(account.error());
    if (auto proven = prove_address(s, *email, *account, approval); !proven)
      return proven;
    s.exec(device_code_approve, approval.code, approval.session_token, account->user_id);
    write_audit(s, account->user_id, act);
    return {};
  });
}

result<device_poll> poll_device_login(connection& db, const std::string& code, instant now, const audit_entry& act) {
  return db.in_transaction([&](session& s) -> result<device_poll> {
    device_poll found;
    const auto rows = s.exec(device_code_for_poll, code, write_instant(now));
    if (rows.empty())
      return found;
    const auto row = rows[0];
    if (row["expired"].as<bool>()) {
      s.exec(device_code_expire, code);
      return found;
    }
    found.status = row["status"].as<std::string>();
    if (found.status != "approved")
      return found;
    found.email = row["email"].as<std::string>("");
    found.session_token = text_or_nothing(row["session_token"]);
    found.clear_key = text_or_nothing(row["api_key_plaintext"]);
    found.encrypted_key = text_or_nothing(row["api_key_encrypted"]);
    found.key_hash = row["api_key_hash"].as<std::string>("");
    s.exec(device_code_claim, code);
    if (!row["user_id"].is_null())
      write_audit(s, row["user_id"].as<std::string>(), act);
    return found;
  });
}

result<session_owner> take_session_token(connection& db, const std::string& token, instant now,
                                         const audit_entry& act) {
  return db.in_transaction([&](session& s) -> result<session_owner> {
    const auto taken = s.exec(session_token_take, token, write_instant(now - session_token_grace));
    if (taken.empty())
      return fail(401, "invalid_token", "Invalid or expired token");
    auto user_id = taken[0][0].as<std::string>();
    const auto user = s.exec(email_of_user, user_id);
    if (user.empty())
      return user_not_found();
    write_audit(s, user_id, act);
    return session_owner{std::move(user_id), user[0][0].as<std::string>()};
  });
}

result<void> forget_old_device_logins(connection& db, instant now) {
  return db.run([&](session& s) -> result<void> {
    s.exec(device_codes_delete_old, write_instant(now - device_code_retention));
    s.exec(device_codes_clear_keys, write_instant(now));
    return {};
  });
}

} // namespace cued::persistence
