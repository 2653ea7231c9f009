#pragma once

#include <deque>
#include <set>
#include <string>
#include <unordered_set>

#include "actors/directory.hpp"
#include "actors/messages.hpp"
#include "actors/pool_member.hpp"

namespace cued::actors {

/// One user's part of the engine: routes the user's claims and outcomes to the shards in charge, and keeps the list of
/// executions that the user's workers may have next, so that "claim the next" never makes two workers fight for one
/// row. The list is a hint: a claim counts only when its shard has committed it.
/// Thread: cooperative (never blocks). Owns: the ready list, the waiting claims.
/// Life: made at the user's first request, retired when idle; all it holds can be read again from Postgres.
/// Never: talks to Postgres or HTTP.
class tenant_actor final : public pool_member {
public:
  tenant_actor(caf::actor_config& config, std::string user_id, directory& others);

  caf::behavior make_behavior() override;
  void on_exit() override;
  const char* name() const override { return "tenant"; }

private:
  // -- messages -----------------------------------------------------------
  void on_claim(claim_message& message);
  void on_outcome(outcome_message& message);
  void on_became_ready(const became_ready_message& message);
  void on_ready_fetched(const ready_fetched_message& message);
  void on_claim_settled(const claim_settled_message& message);
  void on_idle_check();
  void on_retire();

  void serve_waiting();
  void claim_for(claim_message message, const std::string& execution_id);
  void fetch();
  void leave_if_done();

  // -- state ----------------------------------------------------------------
  struct waiting_claim {
    claim_message message;
    std::uint64_t fetches_begun = 0; ///< when it came; only a later fetch can tell it that there is nothing
  };

  std::string user_id_;
  directory& others_;
  std::set<persistence::ready_execution> ready_;
  std::unordered_set<std::string> in_flight_; ///< executions on their way through a claim shard
  std::deque<waiting_claim> waiting_;
  std::uint64_t fetches_begun_ = 0;
  bool fetching_ = false;
  bool more_in_store_ = false; ///< the last fetch was cut at its limit
  std::uint64_t messages_ = 0, messages_at_last_check_ = 0;
  bool retiring_ = false;
};

} // namespace cued::actors
