#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "domain/error.hpp"
#include "persistence/postgres/connection.hpp"

namespace cued::persistence {

/// What `migrate` found and did, for the log and for `cued migrate`.
struct migration_report {
  std::string found;                ///< `empty`, `reference 035`, `model tables`, `cued 3`
  std::vector<std::string> applied; ///< names of the migrations that were run, in order
  std::vector<std::string> notes;   ///< objects of others that are kept, and the like
};

/// How long to wait for tables that somebody uses, and who may say that it is enough.
struct migration_patience {
  std::chrono::milliseconds each_try{2'000}; ///< for so long whoever comes later is stopped; never longer
  std::chrono::seconds in_all{120};          ///< then the start is given up, with words
  std::function<bool()> asked_to_stop;       ///< looked at five times a second while waiting; may be empty
};

/// Brings a database to the schema this program needs: creates it on an empty one, repairs one that cueapi-core made,
/// adds what is ours in the schema `cued`, and compares the catalog with what is expected, so that a wrong schema
/// shows at start and not as 500s. Source: spec/schema.md §7.1; the table of found shapes is in migrator.cpp.
///
/// Runs once at start on a connection of its own, before anything else touches the database. Nodes that start
/// together take turns (advisory lock). Running it again changes nothing, and locks no table.
///
/// Where tables have to be changed, they are taken all at once or not at all: while a transaction of somebody else goes
/// on, it waits beside and not in the queue, and tells the log who it waits for.
///
/// Errors: 503 when the database is away, 503 `stopped` when it was asked to stop while it waited; otherwise 500
/// `migration_refused` with words for the operator.
[[nodiscard]] result<migration_report> migrate(const connection_options& options,
                                               const migration_patience& patience = {});

} // namespace cued::persistence
