#pragma once

#include <cstdint>
#include <string>

#include "domain/error.hpp"

namespace cued::bench {

/// What Postgres has counted so far. Differences of two readings are what a measurement cost. Commits and WAL bytes are
/// exact at the instant of reading; what comes from its statistics (syncs, full page images, updates, dead tuples) each
/// process reports only once a second, or when it has been idle for ten.
struct database_reading {
  std::int64_t commits = 0;   ///< transactions that wrote, by the ids given out; those that only read flush nothing
  std::int64_t wal_bytes = 0; ///< by position: pg_current_wal_insert_lsn
  std::int64_t full_page_images = 0;         ///< pg_stat_wal.wal_fpi
  std::int64_t wal_syncs = 0;                ///< pg_stat_wal.wal_sync
  std::int64_t updates = 0, hot_updates = 0; ///< of executions
  std::int64_t dead_tuples = 0;              ///< all tables, as estimated now: a level, not a counter
  std::int64_t database_bytes = 0;           ///< a level as well
};

[[nodiscard]] result<database_reading> read_database(const std::string& dsn);
/// Counters as differences, levels as they are in `after`.
[[nodiscard]] database_reading spent_between(const database_reading& before, const database_reading& after);

} // namespace cued::bench
