#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/instant.hpp"
#include "persistence/postgres/connection.hpp"

/// The table `cued.audit_log`: who did what that matters to the security of an account. Functions that do such a thing
/// take an `audit_entry` and write it in the transaction of the act, so neither is there without the other; what only
/// reads a secret is recorded before the secret is told. Rows are never changed.
/// Thread: the connection's. Never: holds a secret; what is in `details` may be read by whoever reads the log.
namespace cued::persistence {

enum class audit_action {
  account_registered,
  account_changed,
  account_upserted, ///< by the internal token
  key_revealed,
  key_regenerated,
  named_key_made,
  named_key_revoked,
  named_key_rotated,
  webhook_secret_revealed,
  webhook_secret_regenerated,
  alert_webhook_secret_revealed,
  alert_webhook_secret_regenerated,
  session_opened,
  session_refreshed,
  login_approved, ///< a magic link was followed (and confirmed)
  login_claimed,  ///< the program that began the login fetched its result
};

/// As it stands in the table and in answers; a contract with whoever searches the log.
[[nodiscard]] std::string_view name_of(audit_action action);

/// An act as the one who asks for it describes it. Whose account it is about, the function that does it knows.
struct audit_entry {
  audit_action action;
  std::string actor = "anonymous";        ///< api_key, session, internal, device, anonymous
  std::optional<std::string> key_id = {}; ///< of a named key; the account's own has none
  std::optional<std::string> client_address = {};
  std::optional<std::string> request_id = {};
  std::optional<std::string> details = {}; ///< JSON text
};

/// As part of the act.
void write_audit(session& within, const std::string& user_id, const audit_entry& entry);

/// By itself, for what changes nothing but must not go unseen.
[[nodiscard]] result<void> record_audit(connection& db, const std::string& user_id, const audit_entry& entry);

struct audit_record {
  std::int64_t id = 0;
  instant occurred_at;
  std::string action;
  std::string actor;
  std::optional<std::string> key_id;
  std::optional<std::string> key_name; ///< of a named key, as long as its row is kept
  std::optional<std::string> client_address;
  std::optional<std::string> request_id;
  std::optional<std::string> details; ///< JSON text
};

/// The account's log, newest first, at most `limit` records; those before the one with the id `before`, if given.
[[nodiscard]] result<std::vector<audit_record>> read_audit(connection& db, const std::string& user_id, int limit,
                                                           std::optional<std::int64_t> before);

/// Deletes what happened before `before`. For the hourly clean-up.
[[nodiscard]] result<void> forget_audit(connection& db, instant before);

} // namespace cued::persistence
