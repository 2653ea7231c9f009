#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "actors/directory.hpp"
#include "actors/messages.hpp"
#include "actors/pool_member.hpp"
#include "actors/tenant/news_board.hpp"
#include "actors/tenant/ready_executions.hpp"
#include "actors/tenant/waiting_room.hpp"

namespace cued::actors {

/// One user's part of the engine: keeps the list of executions that the user's workers may have next, so that "claim
/// the next" never makes two workers fight for one row, and has them claimed by the shards in charge. The list is a
/// hint: a claim counts only when its shard has committed it. Claims by id and outcomes go to the shards without it;
/// what was claimed by id the shards tell it. A claim may wait for something to come (`wait`), and so may a look at the
/// list. It is then woken by what this process hears of (fires, replays, leases that ended), at the instant when the
/// next postponed execution becomes due, and every `look_every` for what others wrote into the database. A fetch that
/// is not answered within `fetch_patience` has failed, and is asked of whoever is in charge by then. Thread:
/// cooperative (never blocks). Owns: the ready list, the waiting claims. Life: made at the user's first request,
/// retired when idle; all it holds can be read again from Postgres. Never: talks to Postgres or HTTP.
class tenant_actor final : public pool_member {
public:
  tenant_actor(caf::actor_config& config, std::string user_id, directory& others, const time_source& clock,
               std::chrono::milliseconds look_every, std::chrono::milliseconds fetch_patience);

  caf::behavior make_behavior() override;
  void on_exit() override;
  const char* name() const override { return "tenant"; }

private:
  // -- messages -----------------------------------------------------------
  void on_claim_next(claim_next_message& message);
  void on_wait_ready(wait_ready_message& message);
  void on_taken(const taken_message& message);
  void on_became_ready(const became_ready_message& message);
  void on_ready_fetched(ready_fetched_message& message);
  void on_claims_settled(claims_settled_message& message);
  void on_wake_at(wake_at_message message);
  void on_tick(tick_message message);
  void on_stop_waiting();
  void on_idle_check();
  void on_retire();

  void serve_waiting();
  void claim_for(waiting_room::guest guest, std::vector<std::string> execution_ids);
  void let_go(const std::vector<std::string>& execution_ids);
  void fetch();
  [[nodiscard]] std::size_t look_ahead() const;
  void note_next_due(const std::optional<instant>& found);
  [[nodiscard]] bool next_due_is_known() const;
  [[nodiscard]] bool somebody_waits() const { return !waiting_.empty() || !news_.empty(); }
  [[nodiscard]] bool is_full() const;
  void arm();
  void hand_over_to_successor();
  void leave_if_done();

  // -- state ----------------------------------------------------------------
  using steady = std::chrono::steady_clock;
  [[nodiscard]] steady::time_point steady_now() const { return clock().now(); } ///< that of delayed messages

  std::string user_id_;
  directory& others_;
  const time_source& clock_;
  std::chrono::milliseconds look_every_, fetch_patience_;
  struct attempt {
    waiting_room::guest guest;
    std::vector<std::string> execution_ids; ///< on their way through the claim shards
  };

  ready_executions ready_;
  std::unordered_map<std::uint64_t, attempt> attempts_; ///< by number
  std::uint64_t attempts_begun_ = 0;
  std::unordered_set<std::string> in_flight_; ///< the executions of all attempts
  /// Executions that were claimed or lost while a fetch was under way, which may still believe them ready.
  std::unordered_set<std::string> gone_meanwhile_;
  std::size_t appetite_ = 1; ///< the most that one claim has asked for lately
  waiting_room waiting_;
  news_board news_; ///< for those who wait without claiming
  std::uint64_t fetches_begun_ = 0, fetches_done_ = 0;
  bool fetching_ = false;
  steady::time_point fetch_until_{}; ///< then whoever was asked does not come back
  std::size_t looked_ahead_ = 0;     ///< the limit of the last fetch
  bool more_in_store_ = false;       ///< the list was cut at a limit
  bool look_wanted_ = false;         ///< somebody waits whom no fetch so far can answer
  steady::time_point next_look_{};
  std::optional<instant> next_due_; ///< the soonest postponed execution known
  bool next_due_asked_ = false;     ///< of the store, at least once
  steady::time_point armed_for_ = steady::time_point::max();
  std::uint64_t generation_ = 0; ///< of the newest tick message
  std::uint64_t messages_ = 0, messages_at_last_check_ = 0;
  bool retiring_ = false;
};

} // namespace cued::actors
