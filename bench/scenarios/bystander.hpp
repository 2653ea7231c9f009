#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bench/scenarios/running_load.hpp"
#include "bench/subject/fixture.hpp"

namespace cued::bench {

/// A tenant who goes about its business at a modest rate while others do what they do: claims an execution, reports its
/// outcome, looks at it, and takes the next. Each stretch of time has kinds of operations of its own ("claim before"),
/// so that its latencies can be compared.
/// Thread: the load's; enter() from any.
class bystander final : public stoppable_conversation {
public:
  static constexpr std::size_t operations = 3;

  /// `stretches`: names of what follows each other, the first one is now.
  bystander(tenant who, std::vector<std::string> pending, std::size_t connections, std::vector<std::string> stretches);

  [[nodiscard]] std::vector<std::string> kinds() const;
  void enter(std::size_t stretch) { stretch_.store(stretch, std::memory_order_relaxed); }
  /// It has nothing left to claim: the stage was set too small, the measurement is void.
  [[nodiscard]] bool ran_out() const { return ran_out_.load(std::memory_order_relaxed); }

  std::optional<outgoing> next(std::size_t connection) override;
  bool answered(std::size_t connection, const incoming& answer) override;

private:
  enum step : std::size_t { claim, report, look };
  struct chore {
    std::string execution;
    step next = claim;
  };

  tenant who_;
  std::vector<std::string> pending_;
  std::size_t taken_ = 0;
  std::vector<chore> errands_; ///< one for each connection
  std::vector<std::string> stretches_;
  std::atomic<std::size_t> stretch_{0};
  std::atomic<bool> ran_out_{false};
};

/// All of a stretch's operations in one histogram, by the latencies of a load whose kinds are a bystander's.
[[nodiscard]] histogram latency_in_stretch(const load_result& load, std::size_t stretch);

} // namespace cued::bench
