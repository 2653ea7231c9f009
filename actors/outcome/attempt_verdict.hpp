#pragma once

#include <string>

#include "actors/deliver/webhook_sender.hpp"
#include "persistence/delivery_store.hpp"
#include "persistence/outcome_store.hpp"

namespace cued::actors {

/// What a webhook attempt came to: success, another attempt later, or the end. Pure.
/// Source: spec/delivery.md §5.5 (texts), §7 (retries); `Retry-After` of the answer is honoured if it asks for more
/// patience than the cue's backoff, up to a day. 410 Gone ends it at once: its owner says that there is nobody any
/// more. `random` in [0, 1) is for the cue's jitter.
[[nodiscard]] persistence::attempt_result judge_attempt(const persistence::started_delivery& delivery,
                                                        const webhook_response& response, instant now, double random);

/// An attempt that began and never ended: it counts as made and failed. Source: spec/delivery.md §9.
/// `at_once`: its sender is gone, the endpoint is not to blame, so the retry does not wait.
[[nodiscard]] persistence::attempt_result judge_lost_attempt(const persistence::started_delivery& delivery,
                                                             int silent_seconds, bool at_once, instant now,
                                                             double random);

/// The text kept with a failed attempt.
[[nodiscard]] std::string describe_failure(const webhook_response& response);

} // namespace cued::actors
