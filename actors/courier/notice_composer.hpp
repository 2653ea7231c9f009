#pragma once

#include <chrono>

#include "actors/deliver/webhook_sender.hpp"
#include "domain/error.hpp"
#include "persistence/notice_store.hpp"

namespace cued::actors {

/// The signed request of one attempt at an alert or an escalation. Pure: the same notice and instant give the same
/// bytes.
///   alert       canonical body of the stored members, to the owner's alert URL, signed with the alert secret
///               (spec/alerts-usage.md §3)
///   escalation  compact body with its members in the reference's order, to the URL of the cue's on_failure, signed
///               with the user's webhook secret, where the reference sends it unsigned (spec/delivery.md §8)
/// Both in the two forms of security/signature_headers.hpp; the id of the message is the alert's, or `escalation_` and
/// the notice's number, so that nobody takes an escalation for the webhook of its execution.
/// An error says that the notice cannot be sent as it is stored: `notice_unwanted` when its owner has no alert URL or
/// secret any more, `invalid_notice` when its content is not what alert_rows writes.
[[nodiscard]] result<webhook_request> compose_notice(const persistence::started_notice& notice, instant now,
                                                     std::chrono::milliseconds deadline);

} // namespace cued::actors
