#pragma once

#include <optional>
#include <string>
#include <vector>

#include "persistence/postgres/connection.hpp"

namespace cued::persistence {

/// An active cue with an instant ahead of it: what the clock keeps of it.
struct armed_cue {
  std::string cue_id;
  instant next_run;
  bool recurring = false;
  std::string cron; ///< of a recurring cue; may be empty or nonsense in rows written by others
  std::string time_zone;
};

/// A cue whose instant has come. `next_run`, `cron` and `time_zone` are what the clock believes: the row is fired only
/// if it still says so.
struct firing {
  armed_cue cue;
  std::string execution_id;         ///< uuid v4 for the execution to be made
  std::optional<instant> following; ///< the cue's next instant; nothing: it will not fire again
  bool exhausted = false;           ///< recurring, and no instant is left: the cue is completed with this execution
};

/// What a firing led to. Firings that the row no longer agreed with are missing from the answer.
struct fired_cue {
  std::string cue_id, user_id, execution_id;
  bool webhook = false; ///< else a worker has to claim it
  bool created = false; ///< false: an execution for that instant existed already
  instant scheduled_for;
};

/// What the cue clocks ask of the store. Source: spec/delivery.md §3.
class clock_store {
public:
  virtual ~clock_store() = default;

  /// Cues due before `horizon`, soonest first.
  virtual result<std::vector<armed_cue>> armed_until(instant horizon, std::size_t limit) = 0;

  /// The cue as it is now, if it is active and has an instant ahead.
  virtual result<std::optional<armed_cue>> find_armed(const std::string& cue_id) = 0;

  /// Creates the executions (and outbox rows) of all firings, counts them and moves the cues on, in one commit.
  /// Repeating a call is harmless: (cue, instant) is unique, and the rows no longer agree with the firings.
  virtual result<std::vector<fired_cue>> fire(const std::vector<firing>& due) = 0;

  /// Takes a cue whose schedule cannot be computed out of the clock's way, loudly but without touching its status.
  virtual result<bool> disarm(const std::string& cue_id, instant next_run) = 0;
};

class postgres_clock_store final : public clock_store {
public:
  explicit postgres_clock_store(connection_options options) : link_{std::move(options)} {}

  result<std::vector<armed_cue>> armed_until(instant horizon, std::size_t limit) override;
  result<std::optional<armed_cue>> find_armed(const std::string& cue_id) override;
  result<std::vector<fired_cue>> fire(const std::vector<firing>& due) override;
  result<bool> disarm(const std::string& cue_id, instant next_run) override;

private:
  connection link_;
};

} // namespace cued::persistence
