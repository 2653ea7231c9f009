#include "bench/scenarios/polling_workers.hpp"

#include "bench/scenarios/fire_stage.hpp"

namespace cued::bench {
namespace {

constexpr int wait_seconds = 2; ///< short enough for a load to end within the time that is kept for stragglers

} // namespace

polling_workers::polling_workers(const std::vector<tenant>& tenants, std::size_t connections, std::size_t expected)
    : working_(connections) {
  handed_out_.reserve(expected);
  for (const auto& one : tenants)
    requests_.emplace_back(one.api_key);
  for (std::size_t i = 0; i < connections; ++i)
    claims_.push_back(post_request("/v1/executions/claim", tenants[i % tenants.size()].api_key,
                                   R"({"worker_id":"worker-)" + text_of_number(static_cast<std::uint32_t>(i + 1)) +
                                       R"(","wait":)" + std::to_string(wait_seconds) + "}"));
}

std::optional<outgoing> polling_workers::next(std::size_t connection) {
  if (auto& execution = working_[connection])
    return outgoing{report, requests_[connection % requests_.size()].outcome_by_id.with(*execution, ++reports_)};
  if (stopped())
    return std::nullopt;
  return outgoing{waiting_claim, claims_[connection]};
}

bool polling_workers::answered(std::size_t connection, const incoming& answer) {
  constexpr int nothing_came = 409;
  auto& execution = working_[connection];
  if (answer.kind == report) {
    execution.reset();
    return answer.status == 200;
  }
  if (answer.status == nothing_came)
    return true;
  std::size_t at = 0;
  execution = answer.status == 200 ? read_execution_key(next_execution_id(answer.body, at)) : std::nullopt;
  if (execution)
    handed_out_.push_back({*execution, wall_clock_now(), 0});
  return execution.has_value();
}

} // namespace cued::bench
