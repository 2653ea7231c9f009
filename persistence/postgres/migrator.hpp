#pragma once

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

/// Brings a database to the schema this program needs: creates it on an empty one, repairs one that cueapi-core made,
/// adds what is ours in the schema `cued`, and compares the catalog with what is expected, so that a wrong schema
/// shows at start and not as 500s. Source: spec/schema.md §7.1; the table of found shapes is in migrator.cpp.
///
/// Runs once at start on a connection of its own, before anything else touches the database. Nodes that start
/// together take turns (session advisory lock). Running it again changes nothing.
/// Errors: 503 when the database is away; otherwise 500 `migration_refused` with words for the operator.
[[nodiscard]] result<migration_report> migrate(const connection_options& options);

} // namespace cued::persistence
