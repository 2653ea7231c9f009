#pragma once

#include <memory>

#include "persistence/delivery_store.hpp"
#include "persistence/outcome_store.hpp"
#include "persistence/redis/shared_keys.hpp"

namespace cued::persistence {

/// An outcome store that, once successes are committed, tells Redis how many executions the month has.
/// Two shards that commit for one user at the same moment may tell in the other order; the next success puts it right.
class usage_sharing_store final : public outcome_store {
public:
  usage_sharing_store(std::unique_ptr<outcome_store> inner, shared_keys& shared)
      : inner_{std::move(inner)}, shared_{shared} {}

  result<std::vector<recorded_outcome>> record_outcomes(const std::vector<reported_outcome>& reports,
                                                        instant at) override {
    return inner_->record_outcomes(reports, at);
  }
  result<std::vector<recorded_attempt>> record_attempts(const std::vector<attempt_result>& attempts,
                                                        instant at) override;

private:
  std::unique_ptr<outcome_store> inner_;
  shared_keys& shared_;
};

/// A delivery store that tells Redis of the days of grace it begins.
class grace_sharing_store final : public delivery_store {
public:
  grace_sharing_store(std::unique_ptr<delivery_store> inner, shared_keys& shared)
      : inner_{std::move(inner)}, shared_{shared} {}

  result<std::vector<started_delivery>> start(const std::vector<std::string>& execution_ids, instant at) override;

private:
  std::unique_ptr<delivery_store> inner_;
  shared_keys& shared_;
};

} // namespace cued::persistence
