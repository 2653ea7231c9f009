#pragma once

#include <chrono>
#include <cstddef>
#include <string_view>

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
  void fired(std::size_t executions);
  void fired_after(std::chrono::microseconds lateness); ///< scheduled instant to commit of the execution
  void sent_after(std::chrono::microseconds lateness);  ///< scheduled instant to the first byte of the first attempt
  void delivery(persistence::attempt_result::verdict verdict);
  void poisoned_row();
  void restarted(std::string_view pool_name);
  void tenants(std::size_t n);

private:
  prometheus::Registry& registry_;
  prometheus::Counter *claims_, *claim_batches_, *outcomes_, *outcome_batches_, *fired_, *delivered_, *retried_,
      *failed_, *poisoned_;
  prometheus::Histogram *fired_lateness_, *sent_lateness_;
  prometheus::Gauge* tenants_;
};

} // namespace cued::actors
