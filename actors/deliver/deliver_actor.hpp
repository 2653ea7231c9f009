#pragma once

#include <chrono>
#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "actors/batching.hpp"
#include "actors/directory.hpp"
#include "actors/fair_queue.hpp"
#include "actors/messages.hpp"
#include "actors/pool_member.hpp"
#include "actors/probe.hpp"

namespace cued::actors {

struct deliver_limits {
  std::size_t in_flight_at_most = 50;            ///< of this shard
  std::size_t in_flight_per_tenant_at_most = 50; ///< of this shard
  std::chrono::milliseconds deadline{30'000};    ///< of one attempt, total
};

/// Brings webhooks on their way. Executions that are due wait here, in turn between tenants, until there is a free
/// slot; only then are they taken in Postgres (a batch in one statement) and handed to the sender, so that whatever is
/// marked as being delivered really is. The result goes from the sender to the outcome shard, not through here: it is
/// written down even if this actor dies meanwhile. An attempt that our own end cuts off is no result: it is handed
/// back. Thread: its own (detached, it blocks in Postgres). Owns: its store's connection, the waiting list. Life:
/// spawned and watched by the supervisor; a waiting list that dies with it is found again in the outbox. Never: judges
/// a result, decides about retries.
class deliver_actor final : public pool_member {
public:
  deliver_actor(caf::actor_config& config, std::unique_ptr<persistence::delivery_store> store, webhook_sender& webhooks,
                const time_source& clock, const directory& others, probe& probe, deliver_limits limits);

  caf::behavior make_behavior() override;
  const char* name() const override { return "deliver"; }

private:
  // -- messages -----------------------------------------------------------
  void on_deliver(const deliver_message& message);
  void on_attempt_over(const attempt_over_message& message);
  void on_flush(); ///< takes as many as there are slots
  void on_drain(const drain_message& message);

  void arm();
  void send_webhook(persistence::started_delivery delivery);
  void put_back(const std::vector<persistence::due_delivery>& taken);
  [[nodiscard]] bool may_have_another(const std::string& tenant) const;

  // -- state ----------------------------------------------------------------
  fair_queue<persistence::due_delivery> waiting_;
  std::unordered_set<std::string> known_; ///< executions waiting or in flight
  std::unordered_map<std::string, std::size_t> in_flight_of_;
  std::size_t in_flight_ = 0;
  bool armed_ = false;
  bool draining_ = false;
  std::vector<reply<bool>> drained_;
  std::unique_ptr<persistence::delivery_store> store_;
  webhook_sender& webhooks_;
  const time_source& clock_;
  batch_clock batch_clock_;
  const directory& others_;
  probe& probe_;
  deliver_limits limits_;
};

} // namespace cued::actors
