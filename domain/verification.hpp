#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

/// What a reported outcome is worth: the verdict at the report, and what people may decide afterwards.
/// Source: spec/executions.md §5 step 5, §8.
namespace cued {

enum class outcome_state : std::uint8_t {
  reported_success,
  reported_failure,
  verified_success,
  verification_failed,
  verification_pending,
};

/// What a cue asks of a successful outcome.
enum class verification_mode : std::uint8_t {
  none,
  manual,
  require_external_id,
  require_result_url,
  require_artifacts,
};

/// What the report brought along; empty text and empty lists are nothing.
struct evidence_given {
  bool external_id = false;
  bool result_url = false;
  bool artifacts = false;
};

struct verdict {
  outcome_state state;
  std::optional<bool> evidence_valid; ///< column evidence_validation_state; nothing: leave it as it is

  bool operator==(const verdict&) const = default;
};

/// The verdict at the moment of the report.
///
///   success | mode                | evidence       | outcome_state        | evidence
///   --------+---------------------+----------------+----------------------+---------
///   false   | any                 | any            | reported_failure     |
///   true    | none                | any            | reported_success     |
///   true    | manual              | any            | verification_pending |
///   true    | require_<member>    | member given   | verified_success     | valid
///   true    | require_<member>    | member missing | verification_failed  | invalid
[[nodiscard]] verdict judge_outcome(bool success, verification_mode mode, const evidence_given& evidence);

/// What can happen to an outcome_state once it stands.
enum class verification_event : std::uint8_t { accepted, rejected, parked };

/// Where the event leads; nothing when it is not allowed there.
///
///   from                                                     | accepted         | rejected            | parked
///   ---------------------------------------------------------+------------------+---------------------+---------------------
///   reported_success, reported_failure, verification_pending | verified_success | verification_failed |
///   verification_pending verified_success, verification_failed                    | nothing          | nothing |
///   verification_pending
///
/// Before an outcome was recorded there is no state and no event applies.
[[nodiscard]] std::optional<outcome_state> apply(outcome_state from, verification_event event);

[[nodiscard]] std::string_view to_text(outcome_state state);
[[nodiscard]] std::optional<outcome_state> outcome_state_from(std::string_view text);

/// The column `cues.verification_mode`; NULL and whatever we do not know mean `none`.
[[nodiscard]] verification_mode verification_mode_from(std::optional<std::string_view> text);

} // namespace cued
