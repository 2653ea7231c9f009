#pragma once

#include <chrono>

#include "actors/deliver/webhook_sender.hpp"
#include "domain/error.hpp"
#include "persistence/delivery_store.hpp"

namespace cued::actors {

/// The signed request of one attempt. Pure: the same delivery and instant give the same bytes.
/// Body: the canonical form of {attempt, cue_id, execution_id, name, payload, scheduled_for} (spec/delivery.md §5.1),
/// signed in both forms of security/signature_headers.hpp (§5.2), the message's id being the execution's. Headers:
/// §5.3; the cue's own headers replace ours regardless of letter case, except those that frame or sign the message
/// (security::is_reserved_header); what cannot be sent is left out.
/// An error means that the stored payload is not JSON any more, which Postgres does not allow.
[[nodiscard]] result<webhook_request> compose_webhook(const persistence::started_delivery& delivery, instant now,
                                                      std::chrono::milliseconds deadline);

} // namespace cued::actors
