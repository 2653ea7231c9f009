#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "domain/instant.hpp"

namespace cued {

/// What a key may be used for. The account's own key, sessions and the internal token have the full scope.
enum class key_scope { full, read_only, worker };

[[nodiscard]] std::string_view name_of(key_scope scope); ///< full, read_only, worker
[[nodiscard]] std::optional<key_scope> scope_named(std::string_view name);

/// On whose behalf a request is judged. API key, session and internal token all lead to the same facts.
/// Source: spec/auth.md §1.1; the limits are columns of `users`.
struct principal {
  std::string user_id; ///< uuid, lower case
  std::string email;
  std::string plan = "free";
  int active_cue_limit = 10;
  int monthly_execution_limit = 300;
  int rate_limit_per_minute = 60;
  std::string key_hash = {}; ///< lower-case hex SHA-256 of the API key used; empty for sessions
  key_scope scope = key_scope::full;
  std::string key_id = {}; ///< uuid of a named key (cued.api_keys); empty for the account's own key and for sessions
  std::optional<instant> key_expires_at = {}; ///< of a named key; whoever keeps this longer must look at it
};

} // namespace cued
