#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "persistence/api_keys.hpp"
#include "persistence/audit_log.hpp"
#include "persistence/postgres/connection.hpp"

/// Keys and signing secrets of an account (spec/auth.md §2.4). The plain API key is in no table: `users` has its hash
/// and, for keys made by regeneration or device login, a Fernet copy; `cued.registered_keys` has the Fernet copy of a
/// key made by registration, which the device login must not reveal (spec/clients.md §9.1 #3).
/// Thread: the connection's. Never: makes, hashes, encrypts or decrypts a secret; callers do.
/// All functions: 401 `user_not_found` when the user is gone.
namespace cued::persistence {

// -- API key -------------------------------------------------------------

/// What is stored about a user's key.
struct stored_key {
  std::string hash;
  std::string prefix;
  std::optional<std::string> encrypted;            ///< users.api_key_encrypted
  std::optional<std::string> registered_encrypted; ///< cued.registered_keys; only while the registered key is in force
};

[[nodiscard]] result<stored_key> read_key(connection& db, const std::string& user_id);

struct new_key {
  std::string hash;
  std::string prefix;
  std::optional<std::string> encrypted; ///< nothing: a copy of the old key is erased, not left to mislead
};

/// Puts the new key in the place of the one with `old_hash`, which is remembered as rotated for 24 hours. Of
/// regenerations that run at once the first wins; the others find another hash in place: 409 `key_already_rotated`.
/// A connection that is lost while committing does not lose the new key: whether it is in force is read again.
/// `owner.acting_key_hash` is that of a named key, or empty.
[[nodiscard]] result<void> replace_key(connection& db, const key_owner& owner, const std::string& old_hash,
                                       const new_key& key, const audit_entry& act);

/// Forgets keys that were rotated more than 24 hours ago and copies of keys whose user is gone. For the hourly
/// clean-up.
[[nodiscard]] result<void> forget_old_keys(connection& db);

// -- signing secrets -----------------------------------------------------

/// Empty text when the account has none.
[[nodiscard]] result<std::string> read_webhook_secret(connection& db, const std::string& user_id);

/// With an overlap the replaced secret goes on signing beside the new one; returns until when. Without, and where there
/// was none, it has ended, and so has one that an earlier rotation kept.
[[nodiscard]] result<std::optional<instant>> replace_webhook_secret(connection& db, const std::string& user_id,
                                                                    const std::string& secret, const audit_entry& act,
                                                                    std::chrono::seconds overlap = {});

/// The stored secret; `candidate` is stored first when there is none. Of calls that run at once all get the same one.
[[nodiscard]] result<std::string> alert_webhook_secret(connection& db, const std::string& user_id,
                                                       const std::string& candidate);
[[nodiscard]] result<std::optional<instant>> replace_alert_webhook_secret(connection& db, const std::string& user_id,
                                                                          const std::string& secret,
                                                                          const audit_entry& act,
                                                                          std::chrono::seconds overlap = {});

} // namespace cued::persistence
