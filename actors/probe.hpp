#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <string_view>
#include <vector>

#include "persistence/clock_store.hpp"
#include "persistence/notice_store.hpp"
#include "persistence/outcome_store.hpp"

namespace prometheus {
class Registry;
class Counter;
class Gauge;
class Histogram;
} // namespace prometheus

namespace cued::actors {

/// The engine's metrics, registered once. Names are a contract with dashboards; a golden file pins them.
/// Thread: any.
class probe {
public:
  explicit probe(prometheus::Registry& registry);

  void claim_batch(std::size_t rows);
  void outcome_batch(std::size_t rows);
  /// What the clock made at `at`: counts executions, backfilled ones among them, and skipped slots.
  void fired(const std::vector<persistence::fired_slot>& slots, instant at);

  /// Where an execution has got. Lateness counts from its scheduled instant; that of a backfilled one says something
  /// about the outage before it and nothing about us, so it is left out.
  enum class stage {
    fired,     ///< its row was committed
    started,   ///< taken for its first attempt, or claimed
    sent,      ///< the first byte of the first attempt left
    delivered, ///< a 2xx was recorded, or a worker's success
    outcome,   ///< its outcome was recorded
  };
  void reached(stage where, instant scheduled_for, instant at, bool backfilled);
  void delivery(persistence::attempt_result::verdict verdict);
  void outcome_timeouts(std::size_t executions);
  void poisoned_row();
  void notice(persistence::notice_kind kind, persistence::notice_result::verdict verdict); ///< how an attempt ended
  void notices_pending(std::size_t n);
  void restarted(std::string_view pool_name);
  void not_well(std::size_t restarting, std::size_t stuck); ///< members, now
  void tenants(std::size_t n);

private:
  prometheus::Registry& registry_;
  prometheus::Counter *claims_, *claim_batches_, *outcomes_, *outcome_batches_, *fired_, *backfilled_, *skipped_,
      *outcome_timeouts_, *delivered_, *retried_, *failed_, *poisoned_;
  std::array<prometheus::Histogram*, 5> lateness_; ///< by stage
  prometheus::Gauge *tenants_, *notices_pending_, *restarting_, *stuck_;
};

} // namespace cued::actors
