#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "domain/instant.hpp"
#include "persistence/audit_log.hpp"
#include "persistence/postgres/connection.hpp"
#include "persistence/users.hpp"

/// The table `device_codes`: logins in progress (spec/auth.md §3) and the one-time tokens they end in (§2.5).
/// Each step is conditional on the state it leaves, so of callers that arrive together exactly one takes it.
/// The key of a new account is never put into this table: it lies encrypted in `users`, where a poll finds it. A key
/// in clear text that the reference left in a row is handed out all the same.
/// Thread: the connection's. Never: makes random values, encrypts, sends mail; callers do.
namespace cued::persistence {

/// How long a code lives from its creation; never prolonged.
inline constexpr std::chrono::seconds device_code_life{900};

/// How long after the end of the code its one-time session token is still good.
inline constexpr std::chrono::seconds session_token_grace{900};

/// How long ended rows are kept.
inline constexpr std::chrono::hours device_code_retention{24};

/// Starts a login. A row of that code that is expired or claimed makes room; a live one: 409 `device_code_exists`.
[[nodiscard]] result<void> start_device_login(connection& db, const std::string& code, instant now);

/// Notes the address and the token of the magic link; pending -> email_sent.
/// 404 `device_code_not_found`, 400 `device_code_expired`, 400 `invalid_status`.
[[nodiscard]] result<void> note_device_email(connection& db, const std::string& code, const std::string& email,
                                             const std::string& verification_token, instant now);

/// Compares two tokens in constant time; the caller brings it from security/.
using token_comparison = bool (*)(std::string_view, std::string_view);

struct waiting_login {
  std::string email;
  bool address_unproven = false; ///< its account was made by somebody who never proved that the address is his
};

/// The login that waits for this link to be opened. 400 `invalid_link` with one of the texts of spec/auth.md §3.3,
/// checked in the order of the table there.
[[nodiscard]] result<waiting_login> find_waiting_login(connection& db, const std::string& code,
                                                       const std::string& token, instant now, token_comparison same);

/// A link that was opened, and what comes of it.
struct device_approval {
  std::string code;
  std::string token;
  instant now;
  token_comparison same = nullptr;
  std::string session_token;                      ///< stored for one exchange
  std::optional<new_user> account = {};           ///< made if the address has none; nothing: registration is closed
  bool proof_demanded = false;                    ///< an account with an unproven address opens only with its key
  std::optional<std::string> shown_key_hash = {}; ///< of the key shown as that proof
};

/// email_sent -> approved for the address in the row. An existing account is left as it is. Without an account and
/// with closed registration 404 `not_found`; without the proof that is demanded 403 `unproven_address`; other errors as
/// in find_waiting_login.
/// The owner of an address must not be let into the account of whoever registered it first (spec/auth.md §2.1, QUIRK):
/// the other one has its key, and would share from then on all that is put there. A key that is shown together with the
/// link says that both are the same person, once and for all.
[[nodiscard]] result<void> approve_device_login(connection& db, const device_approval& approval,
                                                const audit_entry& act);

/// What a poll found. Of several polls of an approved login one gets `approved`, the others `claimed`.
struct device_poll {
  std::string status = "expired"; ///< pending, email_sent, approved, claimed, expired (also: no such code)
  // The rest only when approved.
  std::string email;
  std::optional<std::string> session_token; ///< nothing when it was exchanged already
  std::optional<std::string> clear_key;     ///< left by the reference
  std::optional<std::string> encrypted_key; ///< of the account
  std::string key_hash;                     ///< of the account's key in force
};
[[nodiscard]] result<device_poll> poll_device_login(connection& db, const std::string& code, instant now,
                                                    const audit_entry& act);

struct session_owner {
  std::string user_id;
  std::string email;
};

/// Uses up a one-time session token and says whose it was. 401 `invalid_token`, 401 `user_not_found`.
[[nodiscard]] result<session_owner> take_session_token(connection& db, const std::string& token, instant now,
                                                       const audit_entry& act);

/// Deletes rows that ended a day ago and clears keys in clear text that were not picked up in time. Hourly.
[[nodiscard]] result<void> forget_old_device_logins(connection& db, instant now);

} // namespace cued::persistence
