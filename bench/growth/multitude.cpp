#include "bench/growth/multitude.hpp"

#include <algorithm>

#include "persistence/postgres/connection.hpp"

namespace cued::bench {
namespace {

using persistence::array_builder;
using persistence::connection;
using persistence::named_query;
using persistence::session;

constexpr std::int64_t portion = 500'000;
constexpr std::int64_t worth_dropping_indexes = 2 * portion;

constexpr named_query crowd_insert{"growth_crowd_insert", R"sql(
  INSERT INTO cues (id, user_id, name, status, schedule_type, schedule_cron, schedule_timezone, callback_method,
                    callback_transport, payload, retry_max_attempts, retry_backoff_minutes, next_run, run_count,
                    fired_count, created_at, updated_at)
  SELECT 'cue_' || lpad(to_hex(n), 12, '0'), ($1::uuid[])[n % cardinality($1::uuid[]) + 1], 'crowd-' || n, 'active',
         'recurring', '0 9 1 1 *', 'UTC', 'POST', 'worker', '{"task": "reconcile", "n": 1}', 3, '[1, 5, 15]',
         now() + interval '30 days' + (n * 7919 % 31536000) * interval '1 s', 0, 0,
         now() - (n % 31536000) * interval '1 s', now()
  FROM generate_series($2::bigint, $3::bigint - 1) AS n
)sql"};

constexpr named_query history_insert{"growth_history_insert", R"sql(
  INSERT INTO executions (id, cue_id, scheduled_for, status, attempts, started_at, delivered_at, last_attempt_at,
                          claimed_by_worker, claimed_at, outcome_success, outcome_result, outcome_recorded_at,
                          outcome_state, created_at, updated_at)
  SELECT gen_random_uuid(), 'cue_' || lpad(to_hex(n % $1::bigint), 12, '0'), at, 'success', 1, at, at, at, 'worker-1', at,
         true, 'done', at + interval '1 s', 'reported_success', at, at
  FROM generate_series($2::bigint, $3::bigint - 1) AS n
  CROSS JOIN LATERAL (SELECT date_trunc('day', now()) - interval '1 day' - (n / $1::bigint) * interval '1 minute') AS s(at)
)sql"};

/// Secondary indexes: those that no constraint stands on.
constexpr named_query secondary_indexes{"growth_secondary_indexes", R"sql(
  SELECT format('%I.%I', n.nspname, c.relname), pg_get_indexdef(i.indexrelid)
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE i.indrelid = $1::text::regclass
    AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid)
)sql"};

/// Index: cued_executions_open, whose predicate is repeated.
constexpr named_query open_executions_finish{"growth_finish", R"sql(
  UPDATE executions
  SET status = 'success', attempts = 1, outcome_success = true, outcome_recorded_at = now(),
      outcome_state = 'reported_success', updated_at = now()
  WHERE status IN ('pending', 'delivering', 'retrying', 'retry_ready')
)sql"};

/// $1 percent of the table's pages, then $2 rows of them at random.
constexpr named_query history_sample{"growth_history_sample", R"sql(
  SELECT e.id, c.user_id
  FROM executions e TABLESAMPLE SYSTEM ($1::float8) JOIN cues c ON c.id = e.cue_id
  WHERE e.outcome_recorded_at IS NOT NULL
  ORDER BY random() LIMIT $2::bigint
)sql"};

constexpr named_query size_of_database{"growth_size", "SELECT pg_database_size(current_database())"};

/// Index: idx_executions_created_at. Executions are made at their instant or later, never before.
constexpr named_query fire_lateness_since{"growth_lateness", R"sql(
  SELECT count(*), coalesce(percentile_cont(0.5) WITHIN GROUP (ORDER BY late), 0),
         coalesce(percentile_cont(0.99) WITHIN GROUP (ORDER BY late), 0)
  FROM (SELECT extract(epoch FROM created_at - scheduled_for)::float8 * 1000 AS late FROM executions
        WHERE created_at >= $1::timestamptz AND scheduled_for >= $1::timestamptz) l
)sql"};

persistence::connection_options options_for(const std::string& dsn) { return {dsn, "cued-bench growth", 0}; }

void be_fast(session& s) {
  s.exec_text("SET session_replication_role = replica; SET synchronous_commit = off; "
              "SET maintenance_work_mem = '1GB'; SET max_parallel_maintenance_workers = 2");
}

/// Calls `insert(from, to)` for each portion; around many of them the table's secondary indexes are away.
template <class Insert>
result<void> grow(const std::string& dsn, const std::string& table, std::int64_t from, std::int64_t to, Insert insert) {
  connection link{options_for(dsn)};
  return link.run([&](session& s) -> result<void> {
    be_fast(s);
    std::vector<std::string> definitions;
    if (to - from >= worth_dropping_indexes)
      for (const auto& row : s.exec(secondary_indexes, table)) {
        definitions.emplace_back(row[1].c_str());
        s.exec_text(std::string{"DROP INDEX "} + row[0].c_str());
      }
    for (auto at = from; at < to; at += portion)
      insert(s, at, std::min(at + portion, to));
    for (const auto& definition : definitions)
      s.exec_text(definition);
    return {};
  });
}

} // namespace

std::string crowd_cue_id(std::int64_t number) {
  constexpr std::string_view digits = "0123456789abcdef";
  constexpr std::size_t width = 12;
  std::string out(width, '0');
  for (std::size_t i = width; i-- > 0; number >>= 4)
    out[i] = digits[static_cast<std::size_t>(number & 15)];
  return "cue_" + out;
}

result<void> add_cues(const std::string& dsn, const std::vector<tenant>& tenants, std::int64_t from, std::int64_t to) {
  array_builder ids;
  for (const auto& t : tenants)
    ids.add(t.user_id);
  const auto users = std::move(ids).str();
  return grow(dsn, "cues", from, to,
              [&](session& s, auto begin, auto end) { s.exec(crowd_insert, users, begin, end); });
}

result<void> add_history(const std::string& dsn, std::int64_t cues, std::int64_t from, std::int64_t to) {
  return grow(dsn, "executions", from, to,
              [&](session& s, auto begin, auto end) { s.exec(history_insert, cues, begin, end); });
}

result<void> finish_open_executions(const std::string& dsn) {
  connection link{options_for(dsn)};
  return link.run([](session& s) -> result<void> {
    s.exec(open_executions_finish);
    s.exec_text("VACUUM executions");
    return {};
  });
}

result<void> come_to_rest(const std::string& dsn) {
  connection link{options_for(dsn)};
  return link.run([](session& s) -> result<void> {
    s.exec_text("VACUUM ANALYZE");
    s.exec_text("CHECKPOINT");
    return {};
  });
}

result<std::vector<sampled_execution>> sample_history(const std::string& dsn, std::size_t count, double of_rows) {
  constexpr double more_than_needed = 20; // rows of one page are neighbours; they come from many pages all the same
  const double percent = std::clamp(100 * more_than_needed * static_cast<double>(count) / of_rows, 1e-4, 100.0);
  connection link{options_for(dsn)};
  return link.run([&](session& s) -> result<std::vector<sampled_execution>> {
    std::vector<sampled_execution> out;
    for (const auto& row : s.exec(history_sample, percent, static_cast<std::int64_t>(count)))
      out.push_back({row[0].c_str(), row[1].c_str()});
    return out;
  });
}

result<double> database_bytes(const std::string& dsn) {
  connection link{options_for(dsn)};
  return link.run([](session& s) -> result<double> { return s.exec(size_of_database)[0][0].as<double>(); });
}

result<fire_lateness> lateness_since(const std::string& dsn, instant begin) {
  connection link{options_for(dsn)};
  return link.run([&](session& s) -> result<fire_lateness> {
    const auto row = s.exec(fire_lateness_since, persistence::write_instant(begin))[0];
    return fire_lateness{row[0].as<std::int64_t>(), row[1].as<double>(), row[2].as<double>()};
  });
}

} // namespace cued::bench
