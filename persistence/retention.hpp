#pragma once

#include <cstddef>

#include "persistence/postgres/connection.hpp"

namespace cued::persistence {

/// Deletes executions that are at their end and were made before `before`, with their outbox rows; oldest first, at
/// most `at_most`, in one commit. What still waits for an outcome or a delivery stays, however old. Alerts and usage
/// are never touched. Off unless EXECUTION_RETENTION_DAYS is set (spec/delivery.md §13, QUIRK: unbounded growth).
/// Returns how many.
[[nodiscard]] result<std::size_t> delete_finished_executions(connection& db, instant before, std::size_t at_most);

} // namespace cued::persistence
