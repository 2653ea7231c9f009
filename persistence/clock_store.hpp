#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "persistence/delivery_store.hpp"
#include "persistence/node_seat.hpp"
#include "persistence/postgres/connection.hpp"
#include "persistence/worthwhile_try.hpp"

namespace cued::persistence {

/// An active cue with an instant ahead of it: what the clock keeps of it.
struct armed_cue {
  std::string cue_id;
  instant next_run;
  bool recurring = false;
  std::string cron; ///< of a recurring cue; may be empty or nonsense in rows written by others
  std::string time_zone;
  std::optional<std::string> catch_up = {}; ///< as stored
  std::optional<int> catch_up_window_seconds = {};
  std::string user_id = {};
  bool webhook = false; ///< else a worker has to claim what it fires

  bool operator==(const armed_cue&) const = default;
};

/// A place in the order of armed cues; without an instant, before all of them.
struct armed_position {
  std::optional<instant> next_run = {};
  std::string cue_id = {};
};

/// One execution to be made.
struct slot_firing {
  instant at;
  std::string execution_id; ///< uuid v4
  bool backfilled = false;  ///< made long after its instant
  bool missed = false;      ///< its policy lets nothing run any more: the execution is born `missed`
  bool take = false;        ///< whoever fires it will send it at once, if it is a webhook
};

/// A cue whose instant has come. What `cue` says of next_run, schedule and policy is what the clock believes: the row
/// is fired only if it still says so.
struct firing {
  armed_cue cue;
  std::vector<slot_firing> slots;   ///< oldest first; none: the cue only moves on
  std::optional<instant> following; ///< the cue's next instant; nothing: it will not fire again
  bool exhausted = false;           ///< recurring, and no instant is left: the cue is completed with this firing
};

/// What became of one slot. Cues that no longer agreed with their firing are missing from the answer.
struct fired_slot {
  std::string cue_id, user_id;
  bool webhook = false;     ///< else a worker has to claim it
  std::string execution_id; ///< empty: the cue moved on without any slot
  instant scheduled_for{};
  bool backfilled = false;
  bool created = false; ///< false: an execution for that instant existed already, was born missed, or was skipped
  bool skipped = false; ///< its cue's overlap policy left no room for it
  std::optional<started_delivery> started = {}; ///< taken for delivery in the same commit: to be sent
};

/// What the cue clocks ask of the store. Source: spec/delivery.md §3.
class clock_store {
public:
  virtual ~clock_store() = default;

  /// Cues due before `horizon`, soonest first, and by id where they are due together; those that come after `from`.
  virtual result<std::vector<armed_cue>> armed_until(instant horizon, std::size_t limit,
                                                     const armed_position& from = {}) = 0;

  /// The cues as they are now: those that are active and have an instant ahead.
  virtual result<std::vector<armed_cue>> find_armed(const std::vector<std::string>& cue_ids) = 0;

  /// Creates the executions (and outbox rows) of all firings, counts them and moves the cues on, each cue in one commit
  /// with what it fires. Where some could be fired and others not, the others are missing from the answer. What is born
  /// missed fails its cue, and on_failure is carried out.
  /// Repeating a call is harmless: (cue, instant) is unique, and the rows no longer agree with the firings.
  /// A node that was removed from the others (persistence/membership.hpp) fires nothing.
  /// Overlap policies are held here, under the lock of the cue's row: whoever else fires it comes before or after.
  /// Of the webhooks that may be taken for delivery, those are whose cue has no overlap policy and whose user is below
  /// the monthly limit; the others wait in the outbox.
  virtual result<std::vector<fired_slot>> fire(const std::vector<firing>& due) = 0;

  /// What earlier calls of fire() took for delivery though they answered 503: nobody else will send it. Answered once;
  /// costs nothing if there was no such call.
  virtual result<std::vector<started_delivery>> taken_in_doubt() = 0;
};

class postgres_clock_store final : public clock_store {
public:
  /// `seat`: nothing is fired unless its epoch is in cued.nodes. Null: whoever has the database may fire.
  /// `limit`: whether webhooks of users over their monthly limit are left to the delivery store.
  explicit postgres_clock_store(
      connection_options options, const node_seat* seat = nullptr,
      postgres_delivery_store::monthly_limit limit = postgres_delivery_store::monthly_limit::enforced);

  [[nodiscard]] static std::vector<named_query> statements(); ///< for whoever looks at their plans

  result<std::vector<armed_cue>> armed_until(instant horizon, std::size_t limit,
                                             const armed_position& from = {}) override;
  result<std::vector<armed_cue>> find_armed(const std::vector<std::string>& cue_ids) override;
  result<std::vector<fired_slot>> fire(const std::vector<firing>& due) override;
  result<std::vector<started_delivery>> taken_in_doubt() override;

private:
  using firing_batch = std::vector<const firing*>; ///< in the order of their cues' ids
  result<std::vector<fired_slot>> fire_plain(firing_batch& due);
  result<std::vector<fired_slot>> fire_all(const firing_batch& due);
  void note_doubts(const firing_batch& due, std::optional<std::int64_t> epoch);

  struct doubt {
    std::string cue_id, execution_id;
    std::optional<std::int64_t> epoch; ///< that may have taken it
  };

  connection link_;
  postgres_delivery_store::monthly_limit limit_;
  const node_seat* seat_;
  worthwhile_try plain_;
  std::vector<doubt> doubts_;
};

} // namespace cued::persistence
