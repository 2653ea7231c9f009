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
/// Thread: its own (detached, it blocks in Postgres). Owns: its store's connection, the open batch.
/// Life: spawned and watched by the supervisor; when it dies, all that waits in it is answered with 503.
/// Never: talks HTTP, decides admission, keeps anything that Postgres does not have.
class claim_actor final : public pool_member {
public:
  /// A statement claims at most `batch_rows` executions.
  claim_actor(caf::actor_config& config, std::unique_ptr<persistence::claim_store> store, const time_source& clock,
              const directory& others, probe& probe, std::size_t batch_rows);

  caf::behavior make_behavior() override;
  void on_exit() override;
  const char* name() const override { return "claim"; }

private:
  // -- messages -----------------------------------------------------------
  void on_claim(claim_message& message); ///< joins the open batch
  void on_claims(claims_message& message);
  void on_fetch_ready(const fetch_ready_message& message);
  void on_flush(); ///< one statement for the whole batch
  void on_drain(const drain_message& message);

  struct row {
    claim_message claim;
    bool by_id = true; ///< its tenant has not chosen it, and must be told that it is gone
  };
  void join(claim_message&& claim, bool by_id);
  void arm();
  void answer(std::vector<row>& batch, std::vector<std::optional<persistence::claimed_execution>>& won, instant at);
  void tell_tenants(const std::vector<row>& batch,
                    const std::vector<std::optional<persistence::claimed_execution>>& won) const;

  // -- state ----------------------------------------------------------------
  fair_queue<row> batch_;
  bool armed_ = false; ///< a flush message is on its way
  std::unique_ptr<persistence::claim_store> store_;
  const time_source& clock_;
  batch_clock batch_clock_;
  const directory& others_;
  probe& probe_;
  std::size_t batch_rows_;
};

} // namespace cued::actors
