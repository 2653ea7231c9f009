#pragma once

#include <chrono>
#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "actors/batching.hpp"
#include "actors/deliver/delivery_room.hpp"
#include "actors/directory.hpp"
#include "actors/fair_queue.hpp"
#include "actors/messages.hpp"
#include "actors/pool_member.hpp"
#include "actors/probe.hpp"

namespace cued::actors {

/// Brings webhooks on their way. Executions that are due wait here, in turn between tenants, until there is a free
/// seat; only then are they taken in Postgres (a batch in one statement) and handed to the sender, so that whatever is
/// marked as being delivered really is. What the clock has fired while nobody waited comes taken already.
/// The result goes from the sender to the outcome shard, not through here: it is written down even if this actor dies
/// meanwhile. An attempt that our own end cuts off is no result: it is handed back.
/// Thread: its own (detached, it blocks in Postgres). Owns: its store's connection, the waiting list.
/// Life: spawned and watched by the supervisor; a waiting list that dies with it is found again in the outbox.
/// Never: judges a result, decides about retries.
class deliver_actor final : public pool_member {
public:
  /// `index`: of its shard; `room`: that shard's; `deadline`: of one attempt, total.
  deliver_actor(caf::actor_config& config, std::unique_ptr<persistence::delivery_store> store, webhook_sender& webhooks,
                const time_source& clock, const directory& others, std::size_t index, probe& probe,
                std::shared_ptr<delivery_room> room, std::chrono::milliseconds deadline);

  caf::behavior make_behavior() override;
  const char* name() const override { return "deliver"; }

private:
  // -- messages -----------------------------------------------------------
  void on_deliver(const deliver_message& message);
  void on_attempt_over(const attempt_over_message& message);
  void on_flush(); ///< takes as many as there are slots
  void on_drain(const drain_message& message);

  void arm();
  void send_started(); ///< what others took for us
  void send_webhook(persistence::started_delivery delivery, shared_seat seat);
  void put_back(const std::vector<persistence::due_delivery>& taken);

  // -- state ----------------------------------------------------------------
  fair_queue<persistence::due_delivery> waiting_;
  std::unordered_set<std::string> known_; ///< executions waiting or in flight
  bool armed_ = false;
  bool draining_ = false;
  std::vector<reply<bool>> drained_;
  directory::started_inbox& started_;
  std::unique_ptr<persistence::delivery_store> store_;
  webhook_sender& webhooks_;
  const time_source& clock_;
  batch_clock batch_clock_;
  const directory& others_;
  probe& probe_;
  std::shared_ptr<delivery_room> room_;
  std::chrono::milliseconds deadline_;
};

} // namespace cued::actors
