#pragma once

#include <deque>
#include <memory>
#include <unordered_map>

#include "actors/courier/letters.hpp"
#include "actors/directory.hpp"
#include "actors/messages.hpp"
#include "actors/pool_member.hpp"
#include "actors/probe.hpp"
#include "persistence/notice_store.hpp"

namespace cued::actors {

struct courier_settings {
  std::chrono::milliseconds look_every{5'000}; ///< for what nobody announced: retries, notices of other nodes
  std::chrono::milliseconds deadline{10'000};  ///< of one webhook, total (spec/security.md §1.6)
  std::size_t in_flight_at_most = 16;
  std::size_t in_flight_per_user_at_most = 4;
  persistence::shared_keys* shared = nullptr; ///< where letters are counted for all nodes; null: without Redis
};

/// Carries notices to the people who asked for them: alerts and escalations as signed webhooks, letters through the
/// notifier. A notice lies in Postgres from the moment of what it tells of until it is delivered or given up, so this
/// actor only ever holds what is under way: a notice that dies with it is due again after a minute, and how one has
/// ended its successor writes down. A slow receiver
/// costs slots of its own user; others go on.
/// Thread: its own (detached, it blocks in Postgres). Owns: its store's connection, the results not yet written.
/// Life: spawned and watched by the supervisor, the only member of its pool.
/// Never: writes notices, touches executions.
class courier_actor final : public pool_member {
public:
  courier_actor(caf::actor_config& config, std::unique_ptr<persistence::notice_store> store, webhook_sender& webhooks,
                notifier& post, const time_source& clock, const directory& others, probe& probe,
                courier_settings settings);

  caf::behavior make_behavior() override;
  void on_exit() override;
  const char* name() const override { return "courier"; }

private:
  // -- messages -----------------------------------------------------------
  void on_tick();
  void on_flush(); ///< writes results, then takes as many as there are slots
  void on_drain(const drain_message& message);

  void arm();
  void look_again_after(std::chrono::milliseconds pause);
  void take_in_what_is_over();
  bool write_results();
  bool write_results_one_by_one(instant now);
  void take_and_send();
  void send_notice(const persistence::started_notice& notice);
  void keep_result(notice_over_message over);
  void answer_drained();

  // -- state ----------------------------------------------------------------
  std::unordered_map<std::int64_t, std::string> under_way_; ///< notice to user
  directory::notice_inbox& over_;                           ///< from the senders
  std::vector<notice_over_message> just_arrived_;           ///< empty; kept for its capacity
  std::deque<notice_over_message> results_;                 ///< not yet written
  bool armed_ = false;
  bool draining_ = false;
  std::vector<reply<bool>> drained_;
  std::unique_ptr<persistence::notice_store> store_;
  webhook_sender& webhooks_;
  letters letters_;
  const time_source& clock_;
  const directory& others_;
  probe& probe_;
  courier_settings settings_;
};

} // namespace cued::actors
