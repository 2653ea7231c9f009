#pragma once

#include <optional>
#include <string>

#include "persistence/postgres/connection.hpp"

/// Keys by which a client may repeat a fire without firing twice. Source: spec/clients.md §9.1 #7.
namespace cued::persistence {

struct fire_key {
  std::string key;
  std::string request_digest; ///< of the whole body: the same key with another body is a mistake
};

/// The execution that an earlier fire with this key has made.
struct fired_before {
  std::string execution_id;
  instant scheduled_for;
};

/// Within 24 hours of the first fire with the key: what it made. Otherwise nothing, and the key now stands for
/// `execution_id`, which the caller must make in this transaction; who comes at the same time waits for its end.
/// 409 `idempotency_key_conflict` when the first fire had another body, or what it made is gone.
[[nodiscard]] result<std::optional<fired_before>>
take_fire_key(session& s, const std::string& cue_id, const fire_key& key, const std::string& execution_id, instant now);

/// Part of the hourly clean-up. Returns how many.
[[nodiscard]] result<std::size_t> forget_old_fire_keys(connection& db, instant now);

} // namespace cued::persistence
