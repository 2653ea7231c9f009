#pragma once

#include <memory>

#include "actors/batching.hpp"
#include "actors/directory.hpp"
#include "actors/fair_queue.hpp"
#include "actors/messages.hpp"
#include "actors/pool_member.hpp"
#include "actors/probe.hpp"

namespace cued::actors {

/// Claims executions for workers, in batches: what arrived while the last batch was committing is the next one. There
/// is no timer, so a claim that comes alone waits for nobody.
/// A claim that may have been committed although its asker was told that it failed is given back as soon as Postgres
/// can be reached (actors/claim/claims_in_doubt.hpp), before anything else is claimed.
/// Thread: its own (detached, it blocks in Postgres). Owns: its store's connection, the open batch.
/// Life: spawned and watched by the supervisor; when it dies, all that waits in it is answered with 503.
/// Never: talks HTTP, decides admission, keeps anything that Postgres does not have.
class claim_actor final : public pool_member {
public:
  /// The pool's member number `index`. A statement claims at most `batch_rows` executions.
  claim_actor(caf::actor_config& config, std::unique_ptr<persistence::claim_store> store, const time_source& clock,
              const directory& others, std::size_t index, probe& probe, std::size_t batch_rows);

  caf::behavior make_behavior() override;
  void on_exit() override;
  const char* name() const override { return "claim"; }

private:
  // -- messages -----------------------------------------------------------
  void on_fetch_ready(const fetch_ready_message& message);
  void on_flush(); ///< one statement for the whole batch
  void on_give_back();
  void on_tick(tick_message message); ///< some claim in doubt is due
  void on_drain(const drain_message& message);

  void join_arrived(); ///< those that wait in the inbox
  void arm();
  void arm_give_back();
  void give_back();
  class untold;
  void answer(const std::vector<claim_message>& batch, const std::vector<persistence::claim_attempt>& attempts,
              std::vector<std::optional<persistence::claimed_execution>>& won, instant at, untold& left);
  void tell_tenants(const std::vector<claim_message>& batch, const std::vector<persistence::claim_attempt>& attempts,
                    const std::vector<std::optional<persistence::claimed_execution>>& won) const;

  // -- state ----------------------------------------------------------------
  inbox<claim_message>& inbox_;
  claims_in_doubt& doubts_;            ///< this shard's, and its predecessors'
  std::vector<claim_message> arrived_; ///< empty; kept for its capacity
  fair_queue<claim_message> batch_;
  bool armed_ = false; ///< a flush message is on its way
  std::chrono::steady_clock::time_point give_back_at_ = std::chrono::steady_clock::time_point::max();
  std::uint64_t generation_ = 0; ///< of the newest tick message
  std::unique_ptr<persistence::claim_store> store_;
  const time_source& clock_;
  batch_clock batch_clock_;
  const directory& others_;
  probe& probe_;
  std::size_t batch_rows_;
};

} // namespace cued::actors
