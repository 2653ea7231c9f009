#include "bench/scenarios/bystander.hpp"

#include <array>
#include <string_view>

namespace cued::bench {
namespace {

constexpr std::array<std::string_view, bystander::operations> names{"claim", "report", "look"};

} // namespace

bystander::bystander(tenant who, std::vector<std::string> pending, std::size_t connections,
                     std::vector<std::string> stretches)
    : who_{std::move(who)}, pending_{std::move(pending)}, errands_(connections), stretches_{std::move(stretches)} {}

std::vector<std::string> bystander::kinds() const {
  std::vector<std::string> out;
  for (const auto& stretch : stretches_)
    for (const auto name : names)
      out.push_back(std::string{name} + " " + stretch);
  return out;
}

std::optional<outgoing> bystander::next(std::size_t connection) {
  auto& errand = errands_[connection];
  if (stopped())
    return std::nullopt;
  if (errand.next == claim) {
    if (taken_ == pending_.size()) {
      ran_out_.store(true, std::memory_order_relaxed);
      return std::nullopt;
    }
    errand.execution = pending_[taken_++];
  }
  const auto path = "/v1/executions/" + errand.execution;
  const auto kind = stretch_.load(std::memory_order_relaxed) * operations + errand.next;
  switch (errand.next) {
  case claim:
    return outgoing{kind, post_request(path + "/claim", who_.api_key, R"({"worker_id":"bystander"})")};
  case report:
    return outgoing{kind, post_request(path + "/outcome", who_.api_key, R"({"success":true})")};
  case look:
    return outgoing{kind, get_request(path, who_.api_key)};
  }
  return std::nullopt;
}

bool bystander::answered(std::size_t connection, const incoming& answer) {
  auto& errand = errands_[connection];
  const bool success = answer.status == 200;
  errand.next = !success || errand.next == look ? claim : static_cast<step>(errand.next + 1);
  return success;
}

histogram latency_in_stretch(const load_result& load, std::size_t stretch) {
  histogram out;
  for (std::size_t i = 0; i < bystander::operations; ++i)
    out.merge(load.kinds[stretch * bystander::operations + i].latency);
  return out;
}

} // namespace cued::bench
