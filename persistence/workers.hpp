#pragma once

#include <optional>
#include <string>
#include <vector>

#include "domain/instant.hpp"
#include "persistence/postgres/connection.hpp"

/// The table `workers`: a record of who is alive, no more (spec/workers.md §1 - §4). A row is not needed to claim, is
/// not made by a claim, and its handlers route nothing.
/// Thread: the connection's.
namespace cued::persistence {

/// Inserts the worker, or replaces its handlers and heartbeat. `handlers_json`: a JSON array of strings, or `null`,
/// which wipes a stored list. Returns the heartbeat as stored.
[[nodiscard]] result<instant> record_worker_heartbeat(connection& db, const std::string& user_id,
                                                      const std::string& worker_id, const std::string& handlers_json,
                                                      instant now);

struct worker {
  std::string worker_id;
  std::optional<std::string> handlers_json; ///< a JSON array of strings
  instant last_heartbeat;
  instant registered_since;
};

/// The user's workers, the last heard of first.
[[nodiscard]] result<std::vector<worker>> list_workers(connection& db, const std::string& user_id);

/// 404 `worker_not_found` when the user has no such worker.
[[nodiscard]] result<void> delete_worker(connection& db, const std::string& user_id, const std::string& worker_id);

/// Whether any worker of the user was heard of at or after `since`: a new worker cue is warned about otherwise.
[[nodiscard]] result<bool> has_active_worker(connection& db, const std::string& user_id, instant since);

} // namespace cued::persistence
