#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "actors/clock_pulse.hpp"
#include "actors/deliver/delivery_room.hpp"
#include "actors/directory.hpp"
#include "actors/messages.hpp"
#include "actors/pool_member.hpp"
#include "actors/probe.hpp"
#include "domain/schedule.hpp"
#include "persistence/clock_store.hpp"
#include "persistence/node_seat.hpp"

namespace cued::actors {

struct cue_clock_settings {
  std::size_t shard = 0;
  std::size_t shards = 1;
  std::chrono::seconds reload_every{5}; ///< POLLER_INTERVAL_SECONDS: how soon rows written by others are noticed
  overlap dst_overlap = overlap::once;
  std::function<std::string()> new_execution_id; ///< uuid v4
  const persistence::node_seat* seat = nullptr;  ///< this node's place among others; null: all cues are its own

  /// How late an instant may be and still count as on time: whoever fires less punctually than he looks for new rows
  /// has been away.
  [[nodiscard]] std::chrono::microseconds grace() const { return reload_every + std::chrono::seconds{1}; }

  /// Only this much of the future is kept in memory: enough to outlast several readings, and no more, because all of
  /// it is read at each.
  [[nodiscard]] std::chrono::seconds horizon() const {
    return std::clamp<std::chrono::seconds>(4 * reload_every, std::chrono::seconds{20}, std::chrono::seconds{60});
  }
};

/// Fires cues at their instant. Of its shard of the cues it keeps those in memory that are due within the horizon,
/// sleeps until the nearest, and fires all that are due in one statement. Told by message when cues were changed; reads
/// its horizon anew every few seconds, so that rows written by others (another node, an operator's SQL) fire as well:
/// page by page, and between two pages it fires what has become due.
/// What it believes is only a hint: the statement fires a row only if the row still says so.
/// A webhook for which there is a seat in its delivery room, and nobody ahead, is taken for delivery by the statement
/// that fires it; its deliver shard only has to send it.
/// Nodes that share a database share the cues (domain/placement.hpp). Of those of other nodes it keeps the ones it is
/// told of, because their own node may not know yet, and what stays unfired for two seconds, because that node may be
/// dead: that does not wait until its lease is over. Who comes second fires nothing, so both cost little.
/// What an outage has left (domain/missed_runs.hpp) is made in large batches, but what is on time comes first: between
/// two such batches it looks at the time, its messages and its horizon.
/// Thread: its own (detached, it blocks in Postgres). Owns: its store's connection, the horizon.
/// Life: spawned and watched by the supervisor; everything it holds can be read again.
/// Never: sleeps longer than a second at a time, so a step of the wall clock is noticed.
class cue_clock final : public pool_member {
public:
  cue_clock(caf::actor_config& config, std::unique_ptr<persistence::clock_store> store, const time_source& clock,
            const directory& others, const delivery_rooms& rooms, probe& probe, clock_pulse& pulse,
            cue_clock_settings settings);

  caf::behavior make_behavior() override;
  const char* name() const override { return "cue_clock"; }

private:
  using seats = std::unordered_map<std::string, shared_seat>; ///< by execution

  // -- messages -----------------------------------------------------------
  void on_tick(tick_message message);
  void on_cue_changed(const cue_changed_message& message); ///< joins those that the next flush looks at
  void on_flush();
  void on_drain(const drain_message& message);

  void arm(std::chrono::microseconds at_least = std::chrono::microseconds{0});
  [[nodiscard]] instant next_work(instant now) const; ///< may be in the past
  void begin_reading(instant now);
  void read_page(instant now);
  void finish_reading(instant now);
  void keep(persistence::armed_cue cue);
  void drop(const std::string& cue_id);
  void look_again(const std::vector<std::string>& cue_ids);
  void see_who_is_there(instant now);
  void rescue(instant now);
  [[nodiscard]] bool of_this_shard(const std::string& cue_id) const;
  [[nodiscard]] bool of_this_node(const std::string& cue_id) const;
  [[nodiscard]] bool is_lent(const std::string& cue_id) const;

  /// Fires all that is due on time and, if it has read the horizon to its end, one batch of what is late; false when
  /// Postgres is away.
  bool fire_due(instant now);
  bool fire_halves(std::vector<persistence::firing> batch, instant now);
  bool fire(std::vector<persistence::firing> batch, instant now);
  bool send_what_was_in_doubt(); ///< false when Postgres is away
  void send_taken(std::vector<persistence::fired_slot>& fired, seats& taken) const;
  [[nodiscard]] seats take_seats(std::vector<persistence::firing>& batch) const;
  void give_back(seats unused) const; ///< and tells the deliver shards that they are free
  void settle(std::vector<persistence::firing>& batch, const std::vector<persistence::fired_slot>& fired);
  [[nodiscard]] std::vector<persistence::firing> take_on_time(instant now) const;
  [[nodiscard]] std::vector<persistence::firing> take_late(instant now) const;
  [[nodiscard]] persistence::firing plan(const persistence::armed_cue& cue, instant now, std::size_t slots) const;
  void put_aside(const persistence::firing& poisoned, instant now);

  /// A walk through the horizon, from the soonest cue on.
  struct reading {
    instant horizon;
    persistence::armed_position from;
    std::size_t rows = 0;
    std::chrono::steady_clock::time_point began;
  };
  struct kept_cue {
    persistence::armed_cue cue;
    std::uint64_t seen = 0; ///< the newest reading that it was found by, or could have been
    bool lent = false;      ///< another node's: kept until it is fired, by whomever
  };

  // -- state ----------------------------------------------------------------
  std::unordered_map<std::string, kept_cue> armed_;
  std::set<std::pair<instant, std::string>> by_instant_;
  std::map<std::string, instant> put_aside_until_; ///< cues that could not be fired, and when to try again
  std::unordered_set<std::string> changed_;        ///< a flush message is on its way if there are any
  std::optional<reading> reading_;
  std::uint64_t readings_ = 0; ///< begun so far
  instant next_reading_{};
  std::shared_ptr<const persistence::node_roster> roster_; ///< null without a seat
  instant next_rescue_{};
  std::uint64_t generation_ = 0; ///< of the newest tick message
  instant waking_at_{};          ///< when that comes
  std::size_t processed_ = 0;    ///< cues fired since the last reading
  bool draining_ = false;
  std::unique_ptr<persistence::clock_store> store_;
  const time_source& clock_;
  const directory& others_;
  const delivery_rooms& rooms_;
  probe& probe_;
  clock_pulse& pulse_;
  cue_clock_settings settings_;
};

} // namespace cued::actors
