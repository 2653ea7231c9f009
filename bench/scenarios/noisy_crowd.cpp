#include "bench/scenarios/noisy_crowd.hpp"

#include <array>

#include "bench/scenarios/work_texts.hpp"

namespace cued::bench {

std::string cue_id_in(std::string_view body) {
  constexpr std::string_view before = R"("id":"cue_)";
  constexpr std::size_t quote = 6; // where the id begins
  const auto found = body.find(before);
  const auto from = found == std::string_view::npos ? found : body.find('"', found + quote - 1) + 1;
  if (found == std::string_view::npos)
    return {};
  return std::string{body.substr(from, body.find('"', from) - from)};
}

std::string distant_cue(std::string_view name) {
  return R"({"name":")" + std::string{name} +
         R"(","transport":"worker","schedule":{"type":"once","at":"2099-01-01T00:00:00Z"},"payload":{"task":"reconcile"}})";
}

noisy_crowd::noisy_crowd(tenant who, std::size_t connections) : who_{std::move(who)}, members_(connections) {}

std::vector<std::string> noisy_crowd::kinds() { return {"noisy create", "noisy fire", "noisy claim", "noisy report"}; }

noisy_crowd::kind noisy_crowd::turn_of(const member& one) const {
  constexpr std::array steps{create, fire, claim, report, fire, claim, report, fire, claim, report};
  const auto turn = steps[one.step % steps.size()];
  if (turn == fire && one.cue.empty())
    return create;
  return turn == report && one.execution.empty() ? claim : turn;
}

std::optional<outgoing> noisy_crowd::next(std::size_t connection) {
  if (stopped())
    return std::nullopt;
  const auto& one = members_[connection];
  switch (turn_of(one)) {
  case create:
    return outgoing{create, post_request("/v1/cues", who_.api_key, distant_cue("noisy-" + std::to_string(++cues_)))};
  case fire:
    return outgoing{fire, post_request("/v1/cues/" + one.cue + "/fire", who_.api_key, "{}")};
  case claim:
    return outgoing{claim, post_request("/v1/executions/claim", who_.api_key, R"({"worker_id":"noisy"})")};
  case report:
    return outgoing{report,
                    post_request("/v1/executions/" + one.execution + "/outcome", who_.api_key, R"({"success":true})")};
  }
  return std::nullopt;
}

bool noisy_crowd::answered(std::size_t connection, const incoming& answer) {
  constexpr int nothing_there = 409; // another of the crowd was first
  auto& one = members_[connection];
  ++one.step;
  switch (static_cast<kind>(answer.kind)) {
  case create:
    one.cue = cue_id_in(answer.body);
    return answer.status == 201 && !one.cue.empty();
  case fire:
    return answer.status == 200;
  case claim: {
    std::size_t at = 0;
    one.execution = answer.status == 200 ? next_execution_id(answer.body, at) : std::string_view{};
    return answer.status == 200 || answer.status == nothing_there;
  }
  case report:
    one.execution.clear();
    return answer.status == 200;
  }
  return false;
}

} // namespace cued::bench
