#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "actors/batching.hpp"
#include "actors/clock_pulse.hpp"
#include "actors/deliver/webhook_sender.hpp"
#include "actors/engine.hpp"
#include "actors/notify/notifier.hpp"
#include "actors/stepwise_runtime.hpp"
#include "actors/supervisor/restart_policy.hpp"
#include "actors/supervisor/watch_limits.hpp"
#include "domain/instant.hpp"
#include "domain/schedule.hpp"
#include "persistence/claim_store.hpp"
#include "persistence/clock_store.hpp"
#include "persistence/cut_off_deliveries.hpp"
#include "persistence/deadline_store.hpp"
#include "persistence/delivery_store.hpp"
#include "persistence/node_seat.hpp"
#include "persistence/notice_store.hpp"
#include "persistence/outcome_store.hpp"
#include "persistence/redis/shared_keys.hpp"

namespace prometheus {
class Registry;
}

namespace cued::actors {

/// How many of each, and how patient.
struct engine_settings {
  std::size_t shards = 2; ///< members of the claim, deliver and outcome pools and of the cue clocks
  std::chrono::seconds poll_interval{5};
  std::chrono::seconds stale_after{300};
  std::chrono::milliseconds webhook_deadline{30'000};
  std::size_t webhooks_in_flight = 50;
  std::size_t webhooks_in_flight_per_tenant = 50;
  std::size_t batch_rows = batch_rows_at_most; ///< of one statement that claims or records outcomes
  overlap dst_overlap = overlap::once;
  std::optional<instant> sole_owner_since;        ///< see deadline_clock_settings
  std::size_t pending_per_tenant_at_most = 5'000; ///< beyond it a request is refused with 503 at once
  restart_policy restarts = {};
  watch_limits watch = {};
  persistence::shared_keys* shared = nullptr;   ///< null: without Redis
  const persistence::node_seat* seat = nullptr; ///< this node's place among others; null: it is alone
  std::function<std::string()> new_execution_id;
  stepwise_runtime* stepwise = nullptr;    ///< null: members that block have threads of their own, as they should
  std::function<std::uint64_t()> new_seed; ///< of what members draw by chance; null: the machine's randomness
};

/// Makes the stores of pool members: each member, and each successor of a dead one, gets its own (and with it its own
/// connection).
struct store_makers {
  std::function<std::unique_ptr<persistence::claim_store>()> claim;
  std::function<std::unique_ptr<persistence::outcome_store>()> outcome;
  std::function<std::unique_ptr<persistence::delivery_store>()> delivery;
  std::function<std::unique_ptr<persistence::clock_store>()> clock;
  std::function<std::unique_ptr<persistence::deadline_store>()> deadline;
  std::function<std::unique_ptr<persistence::notice_store>()> notices;
};

/// The engine as CAF actors: a supervisor, one tenant per active user, pools for clock, claim, deliver, outcome and
/// the courier.
/// Owns the actor system. Made and destroyed by main; everything it is given must outlive it.
class actor_engine final : public engine {
public:
  actor_engine(engine_settings settings, store_makers stores, webhook_sender& sender, notifier& letters,
               const time_source& clock, prometheus::Registry& metrics, clock_pulse& pulse,
               std::function<void(std::string)> on_hopeless);
  ~actor_engine() override;
  actor_engine(const actor_engine&) = delete;
  actor_engine& operator=(const actor_engine&) = delete;

  void claim(claim_request request, reply<claim_grant> answer) override;
  void claim_many(claim_request request, std::size_t at_most, reply<claim_grants> answer) override;
  void wait_ready(const std::string& user_id, std::optional<std::uint64_t> seen, std::chrono::milliseconds wait,
                  reply<std::uint64_t> answer) override;
  void report_outcome(outcome_report report, reply<outcome_receipt> answer) override;
  void report_outcomes(std::vector<outcome_report> reports, reply<outcome_receipts> answer) override;
  void cue_changed(const std::string& cue_id) override;
  void execution_created(const std::string& user_id, const std::string& execution_id, bool webhook,
                         instant due) override;
  [[nodiscard]] std::vector<member_trouble> troubles() const override;

  /// Claims that wait are answered, and none waits from now on: the first step of a shutdown, for the HTTP server stops
  /// only when its requests are answered.
  void answer_waiting();

  /// Ends in order: clocks stop, deliveries in flight come to their end, batches are written. True if all of it was
  /// done within `patience`; what was not is found again from Postgres at the next start. No call may follow.
  bool drain(std::chrono::milliseconds patience);

  /// After drain() and the close of the sender: what that has cut off, to be handed back in Postgres.
  [[nodiscard]] std::vector<persistence::cut_off_delivery> cut_off_deliveries() const;

private:
  void claim_next(claim_request request, std::size_t at_most, reply<claim_grants> answer);

  struct parts; // CAF and the actors, out of this header
  std::unique_ptr<parts> parts_;
};

} // namespace cued::actors
