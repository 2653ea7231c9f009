#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "domain/instant.hpp"
#include "domain/principal.hpp"
#include "persistence/audit_log.hpp"
#include "persistence/postgres/connection.hpp"

/// The table `cued.api_keys`: further keys of an account, each with a name, a scope and, if wanted, an end. The
/// account's own key is elsewhere (users.hpp, user_secrets.hpp). A key is living until it is revoked or expires; who
/// comes with a dead one is unknown.
/// All changes of one account's keys are made one after the other, under the lock of its row in `users`, and only for
/// somebody who himself still has a living key: a key that was just revoked makes no other.
/// Thread: the connection's. Never: makes or hashes a key, never holds one in clear text.
namespace cued::persistence {

inline constexpr int living_keys_per_account = 100;

/// How long a key that was revoked is still listed.
inline constexpr std::chrono::days revoked_key_retention{90};

/// Of those that are no longer living, the newest this many are listed.
inline constexpr int dead_keys_listed = 100;

/// `last_used_at` is that exact and no more.
inline constexpr std::chrono::seconds last_use_granularity{60};

/// For whom keys are changed.
struct key_owner {
  std::string user_id;
  std::string acting_key_hash; ///< of the key that asks for the change; empty for sessions and the internal token
};

/// Begins a change of the account's keys: takes its lock, which the transaction holds to its end, and makes sure that
/// the acting key is living. 401 `user_not_found`, 401 `invalid_api_key`.
[[nodiscard]] result<void> lock_keys(session& within, const key_owner& owner);

struct new_api_key {
  std::string id; ///< uuid
  std::string name;
  key_scope scope = key_scope::full;
  std::string hash;
  std::string prefix;
  std::optional<instant> expires_at;
};

struct api_key_view {
  std::string id;
  std::string name;
  key_scope scope = key_scope::full;
  std::string prefix;
  instant created_at;
  std::optional<instant> last_used_at;
  std::optional<instant> expires_at;
  std::optional<instant> revoked_at;
};

struct listed_keys {
  std::string account_key_prefix; ///< of the account's own key
  std::vector<api_key_view> keys; ///< living ones first, each kind newest first
};

/// 401 `user_not_found`.
[[nodiscard]] result<listed_keys> list_api_keys(connection& db, const std::string& user_id);

/// 409 `duplicate_key_name` when a living key has the name, 409 `key_limit_reached`, 401 `invalid_api_key` when the
/// acting key is dead, 401 `user_not_found`.
[[nodiscard]] result<api_key_view> add_api_key(connection& db, const key_owner& owner, const new_api_key& key,
                                               const audit_entry& act);

/// 404, also for what cannot be the id of a key.
[[nodiscard]] tl::unexpected<error> key_not_found();

/// Ends the key; returns its hash. 404 `key_not_found` when there is no such living key; the 401s of add_api_key.
[[nodiscard]] result<std::string> revoke_api_key(connection& db, const key_owner& owner, const std::string& key_id,
                                                 const audit_entry& act);

struct rotated_key {
  api_key_view key;
  std::string old_hash; ///< answered with `key_rotated` for 24 hours
};

/// Puts another secret in the place of the key's; name, scope and end stay. Errors as of revoke_api_key.
[[nodiscard]] result<rotated_key> rotate_api_key(connection& db, const key_owner& owner, const std::string& key_id,
                                                 const std::string& hash, const std::string& prefix,
                                                 const audit_entry& act);

/// Whether this is the hash of a key with the full scope that the account has and that is living: its own or a named
/// one.
[[nodiscard]] bool full_key_lives(session& within, const std::string& user_id, const std::string& key_hash);

/// A scope as the table has it. Throws what a broken row deserves when it is none.
[[nodiscard]] key_scope read_scope(std::string_view text);

[[nodiscard]] result<void> note_key_use(connection& db, const std::string& key_id, instant at);

/// Deletes keys that have been dead for longer than `revoked_key_retention`, and those of users who are gone. For the
/// hourly clean-up.
[[nodiscard]] result<void> forget_dead_keys(connection& db, instant now);

} // namespace cued::persistence
