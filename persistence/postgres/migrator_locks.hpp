#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "domain/error.hpp"
#include "persistence/postgres/connection.hpp"
#include "persistence/postgres/migrations.hpp"

namespace cued::persistence {

/// A transaction that holds locks on tables which a migration wants for itself.
struct table_holder {
  std::string identity; ///< of the session and its transaction: who comes back is somebody else
  std::string words;    ///< `process 4711 ("psql" of user anna, idle in transaction, 35 s: SELECT …)`
};

/// The tables, as far as they exist, that the migrations alter, index or give triggers: as `users`, `cued.nodes`.
/// Read from the texts, so that no list can be forgotten; a test compares it with the locks that are taken.
[[nodiscard]] std::vector<std::string> tables_changed_by(session& s, const std::vector<const migration*>& pending);

/// Takes them all at once, before any work is done, against readers and writers. Who waits for such a lock stops
/// everybody who comes later, so it waits `at_most`, for all of them together, and gives up.
/// Longer than Postgres' deadlock_timeout (1 s), for two reasons: a vacuum of its own gives way after that, and where
/// our lock closes a circle, we are the first to look and the one who is sent back, not a writer.
/// Errors: 503 `tables_in_use`; the transaction is over then.
[[nodiscard]] result<void> hold_tables(session& s, const std::vector<std::string>& tables,
                                       std::chrono::milliseconds at_most);

/// Who has held any of them for longer than that. Asks the catalog only. What the user of the connection may not see
/// of other sessions is left out of the words.
[[nodiscard]] std::vector<table_holder> holders_of(session& s, const std::vector<std::string>& tables,
                                                   std::chrono::milliseconds longer_than);

} // namespace cued::persistence
