#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "persistence/postgres/connection.hpp"

/// Many finished executions run again at once.
namespace cued::persistence {

/// Which of the user's executions; what is absent does not narrow.
struct bulk_replay_filter {
  std::string user_id;
  std::optional<std::string> cue_id;
  std::vector<std::string> statuses;  ///< any of these, all of them final
  std::optional<instant> from, until; ///< scheduled_for: from this instant, before that one
  std::optional<std::string> after;   ///< an execution's id: only what comes later in the order of the list
};

struct replayed_one {
  std::string execution_id, cue_id;
  instant scheduled_for;
  std::string status;
  std::optional<std::string> replay_id; ///< of the new execution; none in a dry run
  instant replay_scheduled_for;
  bool webhook = false;
};

struct bulk_replay {
  std::int64_t matched = 0;             ///< all that the filter finds, also beyond the limit
  std::vector<replayed_one> executions; ///< oldest first
};

/// The oldest of what the filter finds, each as a new execution by the rules of replay_execution(), all in one
/// transaction. `new_ids`: uuids, one for each that may be replayed; their number is the limit. What was replayed
/// before is found again. 409 `duplicate_execution` as of create_execution().
[[nodiscard]] result<bulk_replay> replay_matching(connection& db, const bulk_replay_filter& filter,
                                                  const std::vector<std::string>& new_ids, instant now);

/// What replay_matching() would take, without making anything.
[[nodiscard]] result<bulk_replay> find_replayable(connection& db, const bulk_replay_filter& filter, std::size_t limit);

} // namespace cued::persistence
