#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bench/scenarios/running_load.hpp"
#include "bench/subject/fixture.hpp"

namespace cued::bench {

/// People and their dashboards: look at executions, list them, list and look at cues, make some and change some. Which
/// comes next is fixed by its number, so that each run asks for the same; the tenants take turns.
/// Thread: the load's.
class office final : public stoppable_conversation {
public:
  /// `executions`: of each tenant, to look at.
  office(std::vector<tenant> tenants, std::vector<std::vector<std::string>> executions, std::size_t connections);

  [[nodiscard]] static std::vector<std::string> kinds();

  std::optional<outgoing> next(std::size_t connection) override;
  bool answered(std::size_t connection, const incoming& answer) override;

private:
  enum kind : std::size_t { look_at_execution, list_executions, list_cues, look_at_cue, create_cue, change_cue };
  [[nodiscard]] static kind kind_of(std::uint64_t number);
  [[nodiscard]] outgoing request(kind what, std::size_t tenant);

  std::vector<tenant> tenants_;
  std::vector<std::vector<std::string>> executions_;
  std::vector<std::vector<std::string>> cues_; ///< that it has made, by tenant
  std::vector<std::size_t> asks_for_;          ///< by connection: the tenant of the request under way
  std::uint64_t asked_ = 0;
};

} // namespace cued::bench
