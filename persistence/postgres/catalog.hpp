#pragma once

#include <string>
#include <vector>

#include "persistence/postgres/connection.hpp"

namespace cued::persistence {

/// Why a column is expected, which decides what its absence means.
enum class column_origin {
  reference, ///< made by the reference's migrations and its models: without it this is another schema
  repair,    ///< R: we add it (spec/schema.md §5)
  own,       ///< added by a migration of ours to a table of the reference
  leftover,  ///< only the migrations know it and no code reads it: may be missing (spec/schema.md §6)
};

struct expected_column {
  const char* table;
  const char* column;
  const char* types; ///< accepted ones, separated by `|`; `varchar` and `timestamptz` as in DDL
  column_origin origin = column_origin::reference;
};

/// A set of columns over which a unique index must stand, because a statement's ON CONFLICT, or the promise of one row
/// each, rests on it. Names are not compared: they differ between the shapes (spec/schema.md §6).
struct expected_key {
  const char* table;
  const char* columns;         ///< `cue_id, scheduled_for`
  bool may_be_partial = false; ///< the reference's own index has a predicate
};

[[nodiscard]] const std::vector<expected_column>& expected_columns();
[[nodiscard]] const std::vector<expected_key>& expected_keys();

/// How a database differs from what is expected, in words: `executions.status is integer, expected varchar(20)`.
struct catalog_difference {
  std::vector<std::string> missing;         ///< columns of the reference (a whole missing table counts once)
  std::vector<std::string> missing_repairs; ///< what migration 0002 adds
  std::vector<std::string> missing_own;     ///< what a later migration of ours adds
  std::vector<std::string> wrong;           ///< types, missing keys, foreign columns that would refuse our INSERTs
  std::vector<std::string> extra;           ///< columns of others in tables of ours; kept
};

/// Reads the catalog of schema `public`. Two statements, no lock on any table.
[[nodiscard]] catalog_difference compare_catalog(session& s);

} // namespace cued::persistence
