#include "bench/measure/database_meter.hpp"

#include "persistence/postgres/connection.hpp"

namespace cued::bench {
namespace {

/// Ids of transactions are given out one after another to those that write, and the next one is known exactly; the
/// commits in pg_stat_database are reported up to ten seconds late. Bytes of WAL since the beginning of time.
constexpr persistence::named_query reading{"bench_database_reading", R"sql(
  SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS commits,
         (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint AS wal_bytes,
         w.wal_fpi, w.wal_sync, coalesce(e.n_tup_upd, 0) AS updates, coalesce(e.n_tup_hot_upd, 0) AS hot_updates,
         (SELECT coalesce(sum(n_dead_tup), 0)::bigint FROM pg_stat_user_tables) AS dead_tuples,
         pg_database_size(current_database()) AS database_bytes
  FROM pg_stat_wal w LEFT JOIN pg_stat_user_tables e ON e.schemaname = 'public' AND e.relname = 'executions'
)sql"};

} // namespace

result<database_reading> read_database(const std::string& dsn) {
  persistence::connection link{{dsn, "cued-bench"}};
  return link.run([](persistence::session& s) -> result<database_reading> {
    const auto rows = s.exec(reading);
    const auto row = rows[0];
    const auto number = [&row](const char* name) { return row[name].as<std::int64_t>(); };
    return database_reading{number("commits"), number("wal_bytes"),   number("wal_fpi"),     number("wal_sync"),
                            number("updates"), number("hot_updates"), number("dead_tuples"), number("database_bytes")};
  });
}

database_reading spent_between(const database_reading& before, const database_reading& after) {
  return {after.commits - before.commits,
          after.wal_bytes - before.wal_bytes,
          after.full_page_images - before.full_page_images,
          after.wal_syncs - before.wal_syncs,
          after.updates - before.updates,
          after.hot_updates - before.hot_updates,
          after.dead_tuples,
          after.database_bytes};
}

} // namespace cued::bench
