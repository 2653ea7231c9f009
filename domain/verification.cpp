#include "domain/verification.hpp"

#include <algorithm>
#include <array>

namespace cued {
namespace {

constexpr std::array<std::string_view, 5> state_names = {
    "reported_success", "reported_failure", "verified_success", "verification_failed", "verification_pending",
};

constexpr std::array<std::string_view, 5> mode_names = {
    "none", "manual", "require_external_id", "require_result_url", "require_artifacts",
};

verdict by_evidence(bool given) {
  return {given ? outcome_state::verified_success : outcome_state::verification_failed, given};
}

} // namespace

verdict judge_outcome(bool success, verification_mode mode, const evidence_given& evidence) {
  if (!success)
    return {outcome_state::reported_failure, std::nullopt};
  switch (mode) {
  case verification_mode::none:
    break;
  case verification_mode::manual:
    return {outcome_state::verification_pending, std::nullopt};
  case verification_mode::require_external_id:
    return by_evidence(evidence.external_id);
  case verification_mode::require_result_url:
    return by_evidence(evidence.result_url);
  case verification_mode::require_artifacts:
    return by_evidence(evidence.artifacts);
  }
  return {outcome_state::reported_success, std::nullopt};
}

std::optional<outcome_state> apply(outcome_state from, verification_event event) {
  if (event == verification_event::parked)
    return outcome_state::verification_pending;
  if (from == outcome_state::verified_success || from == outcome_state::verification_failed)
    return std::nullopt;
  return event == verification_event::accepted ? outcome_state::verified_success : outcome_state::verification_failed;
}

std::string_view to_text(outcome_state state) { return state_names[static_cast<std::size_t>(state)]; }

std::optional<outcome_state> outcome_state_from(std::string_view text) {
  const auto found = std::find(state_names.begin(), state_names.end(), text);
  if (found == state_names.end())
    return std::nullopt;
  return static_cast<outcome_state>(found - state_names.begin());
}

verification_mode verification_mode_from(std::optional<std::string_view> text) {
  const auto found = text ? std::find(mode_names.begin(), mode_names.end(), *text) : mode_names.end();
  return found == mode_names.end() ? verification_mode::none
                                   : static_cast<verification_mode>(found - mode_names.begin());
}

} // namespace cued
