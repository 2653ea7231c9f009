#pragma once

#include <optional>
#include <string>

#include "persistence/audit_log.hpp"
#include "persistence/postgres/connection.hpp"

/// Accounts that another system keeps and copies to us (spec/auth.md §5).
/// Thread: the connection's. Never: checks or makes values; callers do.
namespace cued::persistence {

struct external_user {
  std::string id; ///< uuid
  std::string email;
  std::string slug;
  // Nothing: the default of a new account; an existing one keeps what it has.
  std::optional<std::string> plan;
  std::optional<int> active_cue_limit;
  std::optional<int> monthly_execution_limit;
  std::optional<int> monthly_message_limit;
  std::optional<int> rate_limit_per_minute;
  std::optional<std::string> external_owner;
  // Only for a new account: the hash of a key that nobody knows, and its first webhook secret.
  std::string api_key_hash;
  std::string api_key_prefix;
  std::string webhook_secret;
};

/// The row as it is afterwards.
struct stored_external_user {
  std::string id;
  std::string email;
  std::string slug;
  std::string plan;
  int active_cue_limit = 0;
  int monthly_execution_limit = 0;
  int monthly_message_limit = 0;
  int rate_limit_per_minute = 0;
  bool created = false;
};

/// Makes the account, or changes the one with this id; its address counts as proven, the other system vouches for it.
/// 409 `duplicate_email` or `duplicate_slug` when another account has the address or the name.
[[nodiscard]] result<stored_external_user> upsert_external_user(connection& db, const external_user& user,
                                                                const audit_entry& act);

} // namespace cued::persistence
