#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

/// The life of one execution, as a pure function. Statements of persistence/ carry the same guards in their WHERE;
/// this is the table they are measured against. Source: spec/executions.md §4, spec/workers.md §6, spec/cues.md §9.
namespace cued {

enum class execution_status : std::uint8_t {
  pending,
  delivering,
  success,
  failed,
  retrying,    ///< waits for next_retry
  retry_ready, ///< its retry stands in the outbox
  missed,      ///< no worker took it in time
  pending_outcome,
  outcome_timeout,
};

/// Who runs an execution: we, by calling a URL, or a worker that claims it.
enum class transport : std::uint8_t { webhook, worker };

enum class execution_event : std::uint8_t {
  sender_took_it, ///< the first attempt begins
  sender_took_retry,
  worker_claimed,
  delivered, ///< a 2xx
  attempt_failed,
  quota_reached, ///< scheduled webhook runs only; judged before the first attempt
  retry_due,
  went_stale,     ///< delivering, and no sign of life for EXECUTION_STALE_AFTER_SECONDS
  lease_expired,  ///< the worker that claimed it fell silent
  left_unclaimed, ///< WORKER_UNCLAIMED_TIMEOUT_SECONDS have passed
  reported_success,
  reported_failure,
  outcome_overdue, ///< delivered or claimed, and the cue's outcome deadline has passed without a report
  adopted,         ///< a worker's execution found where only webhooks belong (left by the reference): give it back
};

struct execution_state {
  execution_status status = execution_status::pending;
  cued::transport transport = cued::transport::webhook;
  bool attempts_left = true; ///< attempts made, the one that just ended included, are fewer than retry_max_attempts
};

/// What becomes of a one-time cue when its execution ends; recurring cues are untouched.
enum class once_cue : std::uint8_t { unchanged, completed, failed };

struct transition {
  execution_status to;
  once_cue cue = once_cue::unchanged;
  bool escalates = false; ///< on_failure applies: pause, mail, webhook (spec/delivery.md §8)

  bool operator==(const transition&) const = default;
};

/// Where the event leads; nothing when it does not apply in this state, and then nothing may be written to `status`.
///
///   event              | transport | from        | to                          | one-time cue | escalates
///   -------------------+-----------+-------------+-----------------------------+--------------+----------
///   sender_took_it     | webhook   | pending     | delivering                  |              |
///   sender_took_retry  | webhook   | retry_ready | delivering                  |              |
///   worker_claimed     | worker    | pending     | delivering                  |              |
///   delivered          | webhook   | delivering  | success                     | completed    |
///   attempt_failed     | webhook   | delivering  | attempts left:  retrying    |              |
///                      |           |             | none left:      failed      | failed       | yes
///   quota_reached      | webhook   | pending     | failed                      |              |
///   retry_due          | webhook   | retrying    | retry_ready                 |              |
///   went_stale         | webhook   | delivering  | attempts left:  retrying    |              |
///                      |           |             | none left:      failed      | failed       | yes
///   lease_expired      | worker    | delivering  | pending                     |              |
///   left_unclaimed     | worker    | pending     | missed                      | failed       | yes
///   reported_success   | worker    | any         | success                     | completed    |
///   reported_failure   | worker    | any         | failed                      | failed       |
///   outcome_overdue    | webhook   | success *   | outcome_timeout             | failed       | yes
///                      | worker    | delivering *| outcome_timeout             | failed       | yes
///   adopted            | worker    | retrying,   | pending                     |              |
///                      |           | retry_ready |                             |              |
///   everything else                              | nothing
///
/// * or pending_outcome, which nothing here writes; only without a recorded outcome.
/// An outcome is recorded once; that guard is outcome_recorded_at, not `status`. On a webhook execution a report
/// leaves the status alone: what was delivered stays delivered, and what was reported too late stays late.
[[nodiscard]] std::optional<transition> apply(const execution_state& state, execution_event event);

/// Nothing drives it any further; it may be replayed (spec/executions.md §7).
[[nodiscard]] bool is_finished(execution_status status);

[[nodiscard]] std::string_view to_text(execution_status status);
[[nodiscard]] std::optional<execution_status> execution_status_from(std::string_view text);

} // namespace cued
