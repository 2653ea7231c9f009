#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "persistence/postgres/connection.hpp"

/// Signing secrets that were replaced and go on signing beside their successor for a while (`cued.previous_secrets`),
/// so that an owner can tell one receiver after the other. At most one for an account and kind. Ours alone: the
/// reference's rotations have no overlap (spec/auth.md §2.4). Whoever sends reads them with the secret in force, in the
/// same statement (delivery_store, notice_store). Thread: the connection's.
namespace cued::persistence {

enum class secret_kind { webhook, alert_webhook };

/// Part of the transaction of a rotation, before the column is overwritten: keeps the secret in force for `overlap` and
/// forgets the one kept before. Returns until when; nothing if there is no secret to keep. Locks the user's row.
[[nodiscard]] std::optional<instant> keep_secret_in_force(session& within, const std::string& user_id, secret_kind kind,
                                                          std::chrono::seconds overlap);

/// Part of the transaction of a rotation without overlap, after the column was overwritten: what was kept has ended.
void end_previous_secret(session& within, const std::string& user_id, secret_kind kind);

/// Deletes those whose time is over. For the hourly clean-up.
[[nodiscard]] result<void> forget_previous_secrets(connection& db);

} // namespace cued::persistence
