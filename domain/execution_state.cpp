#include "domain/execution_state.hpp"

#include <algorithm>
#include <array>

namespace cued {
namespace {

constexpr std::array<std::string_view, 9> status_names = {
    "pending",     "delivering", "success",         "failed",          "retrying",
    "retry_ready", "missed",     "pending_outcome", "outcome_timeout",
};

transition ends_in_failure() { return {execution_status::failed, once_cue::failed, true}; }

transition outcome_late() { return {execution_status::outcome_timeout, once_cue::failed, true}; }

transition attempt_lost(const execution_state& state) {
  return state.attempts_left ? transition{execution_status::retrying} : ends_in_failure();
}

std::optional<transition> apply_to_webhook(const execution_state& state, execution_event event) {
  using enum execution_status;
  switch (event) {
  case execution_event::sender_took_it:
    return state.status == pending ? std::optional{transition{delivering}} : std::nullopt;
  case execution_event::sender_took_retry:
    return state.status == retry_ready ? std::optional{transition{delivering}} : std::nullopt;
  case execution_event::delivered:
    return state.status == delivering ? std::optional{transition{success, once_cue::completed}} : std::nullopt;
  case execution_event::attempt_failed:
  case execution_event::went_stale:
    return state.status == delivering ? std::optional{attempt_lost(state)} : std::nullopt;
  case execution_event::quota_reached:
    return state.status == pending ? std::optional{transition{failed}} : std::nullopt;
  case execution_event::retry_due:
    return state.status == retrying ? std::optional{transition{retry_ready}} : std::nullopt;
  case execution_event::outcome_overdue:
    return state.status == success || state.status == pending_outcome ? std::optional{outcome_late()} : std::nullopt;
  case execution_event::worker_claimed:
  case execution_event::lease_expired:
  case execution_event::left_unclaimed:
  case execution_event::reported_success:
  case execution_event::reported_failure:
  case execution_event::adopted:
    return std::nullopt;
  }
  return std::nullopt;
}

std::optional<transition> apply_to_worker(const execution_state& state, execution_event event) {
  using enum execution_status;
  switch (event) {
  case execution_event::worker_claimed:
    return state.status == pending ? std::optional{transition{delivering}} : std::nullopt;
  case execution_event::lease_expired:
    return state.status == delivering ? std::optional{transition{pending}} : std::nullopt;
  case execution_event::left_unclaimed:
    return state.status == pending ? std::optional{transition{missed, once_cue::failed, true}} : std::nullopt;
  case execution_event::outcome_overdue:
    return state.status == delivering || state.status == pending_outcome ? std::optional{outcome_late()} : std::nullopt;
  case execution_event::reported_success:
    return transition{success, once_cue::completed};
  case execution_event::reported_failure:
    return transition{failed, once_cue::failed};
  case execution_event::adopted:
    return state.status == retrying || state.status == retry_ready ? std::optional{transition{pending}} : std::nullopt;
  case execution_event::sender_took_it:
  case execution_event::sender_took_retry:
  case execution_event::delivered:
  case execution_event::attempt_failed:
  case execution_event::quota_reached:
  case execution_event::retry_due:
  case execution_event::went_stale:
    return std::nullopt;
  }
  return std::nullopt;
}

} // namespace

std::optional<transition> apply(const execution_state& state, execution_event event) {
  return state.transport == transport::worker ? apply_to_worker(state, event) : apply_to_webhook(state, event);
}

bool is_finished(execution_status status) {
  using enum execution_status;
  return status == success || status == failed || status == missed || status == outcome_timeout;
}

std::string_view to_text(execution_status status) { return status_names[static_cast<std::size_t>(status)]; }

std::optional<execution_status> execution_status_from(std::string_view text) {
  const auto found = std::find(status_names.begin(), status_names.end(), text);
  if (found == status_names.end())
    return std::nullopt;
  return static_cast<execution_status>(found - status_names.begin());
}

} // namespace cued
