#pragma once

#include <string>

#include "persistence/postgres/connection.hpp"

/// The table `cued.proven_addresses`: accounts whose owner is known to be the owner of their e-mail address. Written
/// when an account is made by following a link to the address, when a key is shown together with such a link, and by
/// the internal token; a change of the address undoes it without a further statement (spec/auth.md §2.1, QUIRK).
/// Thread: the connection's.
namespace cued::persistence {

/// There is an account with this address, and nobody has proven that the address is his. False without an account.
[[nodiscard]] bool address_is_unproven(session& within, const std::string& email);

void note_proven_address(session& within, const std::string& user_id, const std::string& email);

/// Deletes what is left of users who are gone. For the hourly clean-up.
[[nodiscard]] result<void> forget_proofs_of_the_gone(connection& db);

} // namespace cued::persistence
