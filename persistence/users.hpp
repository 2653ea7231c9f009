#pragma once

#include <optional>
#include <string>
#include <vector>

#include "domain/instant.hpp"
#include "domain/principal.hpp"
#include "persistence/audit_log.hpp"
#include "persistence/postgres/connection.hpp"

/// The table `users`: who a caller is, and the account as its owner sees and changes it (spec/auth.md §1, §2.1 - §2.3;
/// spec/schema.md §2.1). Keys and secrets of an account live next door, in user_secrets.hpp.
/// Thread: the connection's. Never: hashes, encrypts or makes anything random; callers bring such values ready-made.
namespace cued::persistence {

// -- who is calling ------------------------------------------------------

/// The user with this API key, be it the account's own or a living named one; nothing when there is none. `hash` is the
/// lower-case hex SHA-256 of the key.
[[nodiscard]] result<std::optional<principal>> find_principal_by_key_hash(connection& db, const std::string& hash);

/// The user with this id (canonical uuid); its `key_hash` stays empty, for no key was used.
[[nodiscard]] result<std::optional<principal>> find_principal_by_id(connection& db, const std::string& user_id);

/// True for 24 hours after the key with this hash was replaced: such a caller is told `key_rotated`.
[[nodiscard]] result<bool> was_rotated(connection& db, const std::string& hash);

// -- registration --------------------------------------------------------

/// A user row about to be made. The limits are those of a new account (spec/auth.md §2.1).
struct new_user {
  std::string id;    ///< uuid
  std::string email; ///< normalised
  std::string api_key_hash;
  std::string api_key_prefix;
  std::optional<std::string> api_key_encrypted;        ///< what `GET /v1/auth/key` and the device login's poll reveal
  std::optional<std::string> registered_key_encrypted; ///< what only `GET /v1/auth/key` reveals (spec/clients.md §9.1)
  std::vector<std::string> slugs;                      ///< in order of preference; the first free one is taken
  std::string webhook_secret;
  std::string plan = "free";
  int active_cue_limit = 10;
  int monthly_execution_limit = 300;
  int monthly_message_limit = 300;
  int rate_limit_per_minute = 60;
};

/// Inserts the user with the first of its slugs that is free. 409 `duplicate_email` when the address is taken, also by
/// a registration that runs at the same moment; 503 when every slug is taken (the caller may simply ask again).
/// A connection that is lost while committing does not lose the account: whether it is there is read again.
[[nodiscard]] result<void> insert_user(connection& db, const new_user& user, const audit_entry& act);
[[nodiscard]] result<void> insert_user(session& within, const new_user& user); ///< as part of a larger whole

// -- the account ---------------------------------------------------------

/// What `GET /v1/auth/me` shows.
struct account_view {
  std::string email;
  std::string plan;
  int active_cues = 0;
  int active_cue_limit = 0;
  std::int64_t executions_this_month = 0;
  int monthly_execution_limit = 0;
  int rate_limit_per_minute = 0;
  bool has_webhook_secret = false;
  std::string api_key_prefix;
  std::optional<std::string> slug;
};

/// `month`: first day of the month in UTC, `YYYY-MM-DD`. 401 `user_not_found` when the user is gone.
[[nodiscard]] result<account_view> read_account(connection& db, const std::string& user_id, const std::string& month);

/// Members that are absent stay as they are; an alert URL of "" is cleared.
struct account_change {
  std::optional<std::string> email;
  std::optional<std::string> alert_webhook_url;
};

struct changed_account {
  instant updated_at;
  std::string api_key_hash; ///< whose cached principal is now out of date
};

/// 409 `duplicate_email`; 401 `user_not_found`.
[[nodiscard]] result<changed_account> change_account(connection& db, const std::string& user_id,
                                                     const account_change& change, const audit_entry& act);

/// How the absence of the caller's own row is told: it was deleted while a cache still vouched for it.
[[nodiscard]] tl::unexpected<error> user_not_found();

} // namespace cued::persistence
