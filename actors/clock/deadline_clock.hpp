#pragma once

#include <memory>
#include <optional>

#include "actors/directory.hpp"
#include "actors/messages.hpp"
#include "actors/pool_member.hpp"
#include "actors/probe.hpp"
#include "persistence/deadline_store.hpp"
#include "persistence/node_seat.hpp"

namespace cued::actors {

struct deadline_clock_settings {
  std::chrono::seconds sweep_every{5};   ///< POLLER_INTERVAL_SECONDS
  std::chrono::seconds stale_after{300}; ///< EXECUTION_STALE_AFTER_SECONDS
  /// Nobody else uses this database: what was in delivery before this process began belongs to one that is gone.
  std::optional<instant> sole_owner_since;
  const persistence::node_seat* seat = nullptr; ///< this node's place among others; null: it knows of none
};

/// The other clock: all that becomes due by waiting, apart from cues. Retries, postponed deliveries and outcome
/// deadlines it wakes for at their instant; deliveries that fell silent, expired leases, runs nobody claimed, work that
/// others left in the outbox and clean-up it looks for every few seconds, and adds the journal of runs to the cues.
/// Thread: its own (detached, it blocks in Postgres). Owns: its store's connection. Life: spawned and watched by the
/// supervisor; it holds nothing but the instant it sleeps until. Never: judges an attempt (the outcome shards do),
/// sends anything.
class deadline_clock final : public pool_member {
public:
  deadline_clock(caf::actor_config& config, std::unique_ptr<persistence::deadline_store> store,
                 const time_source& clock, directory& others, probe& probe, deadline_clock_settings settings);

  caf::behavior make_behavior() override;
  const char* name() const override { return "deadline_clock"; }

private:
  // -- messages -----------------------------------------------------------
  void on_tick(tick_message message);
  void on_wake_at(wake_at_message message);
  void on_drain(const drain_message& message);

  void arm();
  void hand_over_what_is_due(instant now);
  void expire_outcomes(instant now);
  void sweep(instant now);
  bool nodes_changed(); ///< since it was last asked
  void recover_silent_deliveries(instant older_than, bool at_once);
  void hand_over_forgotten(instant now);
  void fold_runs(instant now);
  void return_lost_claims(instant now);
  bool miss_unclaimed(instant now); ///< false: the database was not reached
  void tell_silent_workers(instant now);

  // -- state ----------------------------------------------------------------
  instant wake_at_{}; ///< the soonest retry, postponed delivery or outcome deadline known
  instant next_sweep_{};
  instant next_search_{}; ///< for forgotten executions
  instant next_fold_{};   ///< of the journal of runs
  instant next_clean_up_{};
  /// Since then every sweep has reached the database, so heartbeats could be heard. Nothing: not yet, or not any more.
  std::optional<instant> listening_since_;
  bool first_sweep_ = true;
  std::uint64_t roster_ = 0; ///< the one that was there at the last sweep
  std::uint64_t generation_ = 0;
  bool draining_ = false;
  std::unique_ptr<persistence::deadline_store> store_;
  const time_source& clock_;
  directory& others_;
  probe& probe_;
  deadline_clock_settings settings_;
};

} // namespace cued::actors
