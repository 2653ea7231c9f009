#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "domain/principal.hpp"
#include "persistence/redis/redis_client.hpp"

namespace cued::persistence {

/// What Redis is told of callers, under the reference's keys: `auth:<hash>`, `session:<user>`, `rotated:<hash>`.
///
/// cued writes the first two for others (monitors, tests, a reference that takes over again) and never reads them: who
/// a caller is comes from Postgres, so nobody's word in Redis can bring a revoked key back to life. Named keys are not
/// written at all, for the reference knows no scopes. `rotated:` is read: while Redis can be asked, what stands there
/// decides between `key_rotated` and `invalid_api_key`; both are 401.
/// Any thread; nothing blocks. Best effort: what cannot be written is left out. Source: spec/redis.md §1.
class caller_keys {
public:
  explicit caller_keys(redis_client& redis) : redis_{redis} {}

  /// After a look-up. A hash that was rotated meanwhile is not written, however late this comes.
  void remember(const principal& who);

  /// The user's row has changed: what stands under these hashes, and of his sessions, is out of date.
  void forget(const std::string& user_id, const std::vector<std::string>& key_hashes);

  /// In one step: nothing under the old hash, which is `rotated` for a day, and the owner (whose `key_hash` is the new
  /// one) under the new, unless that is a named key. `done` when Redis has done it or will not.
  void key_replaced(const std::string& old_hash, const principal& owner, std::function<void(bool)> done);

  /// Nothing: Redis cannot be asked.
  void was_rotated(const std::string& hash, std::function<void(std::optional<bool>)> done);

private:
  redis_client& redis_;
};

} // namespace cued::persistence
