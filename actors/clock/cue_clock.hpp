#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "actors/clock_pulse.hpp"
#include "actors/directory.hpp"
#include "actors/messages.hpp"
#include "actors/pool_member.hpp"
#include "actors/probe.hpp"
#include "domain/schedule.hpp"
#include "persistence/clock_store.hpp"

namespace cued::actors {

struct cue_clock_settings {
  std::size_t shard = 0;
  std::size_t shards = 1;
  std::chrono::seconds reload_every{5}; ///< POLLER_INTERVAL_SECONDS: how soon rows written by others are noticed
  overlap dst_overlap = overlap::once;
  std::function<std::string()> new_execution_id; ///< uuid v4

  /// How late an instant may be and still count as on time: whoever fires less punctually than he looks for new rows
  /// has been away.
  [[nodiscard]] std::chrono::microseconds grace() const { return reload_every + std::chrono::seconds{1}; }
};

/// Fires cues at their instant. Of its shard of the cues it keeps those in memory that are due within the horizon,
/// sleeps until the nearest, and fires all that are due in one statement. Told by message when a cue was changed; reads
/// its horizon anew every few seconds, so that rows written by others (another node, an operator's SQL) fire as well.
/// What it believes is only a hint: the statement fires a row only if the row still says so.
/// What an outage has left (domain/missed_runs.hpp) is made in large batches, but what is on time comes first: between
/// two such batches it looks at the time, its messages and its horizon.
/// Thread: its own (detached, it blocks in Postgres). Owns: its store's connection, the horizon.
/// Life: spawned and watched by the supervisor; everything it holds can be read again.
/// Never: sleeps longer than a second at a time, so a step of the wall clock is noticed.
class cue_clock final : public pool_member {
public:
  cue_clock(caf::actor_config& config, std::unique_ptr<persistence::clock_store> store, const time_source& clock,
            const directory& others, probe& probe, clock_pulse& pulse, cue_clock_settings settings);

  caf::behavior make_behavior() override;
  const char* name() const override { return "cue_clock"; }

private:
  // -- messages -----------------------------------------------------------
  void on_tick(tick_message message);
  void on_cue_changed(const cue_changed_message& message);
  void on_drain(const drain_message& message);

  void arm(std::chrono::microseconds at_least = std::chrono::microseconds{0});
  void reload(instant now);
  void keep(persistence::armed_cue cue);
  void drop(const std::string& cue_id);
  void look_again(const std::string& cue_id);
  [[nodiscard]] bool mine(const std::string& cue_id) const;

  /// Fires all that is due on time and one batch of what is late; false when Postgres is away.
  bool fire_due(instant now);
  bool fire(std::vector<persistence::firing> batch, instant now);
  void settle(std::vector<persistence::firing>& batch, const std::vector<persistence::fired_slot>& fired);
  [[nodiscard]] std::vector<persistence::firing> take_on_time(instant now) const;
  [[nodiscard]] std::vector<persistence::firing> take_late(instant now) const;
  [[nodiscard]] persistence::firing plan(const persistence::armed_cue& cue, instant now, std::size_t slots) const;
  void put_aside(const persistence::firing& poisoned, instant now);

  // -- state ----------------------------------------------------------------
  std::unordered_map<std::string, persistence::armed_cue> armed_;
  std::set<std::pair<instant, std::string>> by_instant_;
  std::map<std::string, instant> put_aside_until_; ///< cues that could not be fired, and when to try again
  instant next_reload_{};
  std::uint64_t generation_ = 0; ///< of the newest tick message
  std::size_t processed_ = 0;    ///< cues fired since the last reload
  bool draining_ = false;
  std::unique_ptr<persistence::clock_store> store_;
  const time_source& clock_;
  const directory& others_;
  probe& probe_;
  clock_pulse& pulse_;
  cue_clock_settings settings_;
};

} // namespace cued::actors
