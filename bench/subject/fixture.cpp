#include "bench/subject/fixture.hpp"

#include <algorithm>

#include "persistence/postgres/connection.hpp"
#include "security/api_key.hpp"
#include "security/random.hpp"

namespace cued::bench {
namespace {

using persistence::array_builder;
using persistence::connection;
using persistence::named_query;
using persistence::session;
using persistence::write_instant;

/// Tenants whose limits are out of the way. $1 ids, $2 hashes of keys, $3 their beginnings.
constexpr named_query tenants_insert{"bench_tenants_insert", R"sql(
  INSERT INTO users (id, email, api_key_hash, api_key_prefix, slug, webhook_secret, plan, active_cue_limit,
                     monthly_execution_limit, monthly_message_limit, rate_limit_per_minute, created_at, updated_at)
  SELECT t.id, 'tenant-' || t.id || '@bench.invalid', t.hash, t.prefix, 'tenant-' || t.id,
         'whsec_' || md5(t.id::text) || md5(t.hash), 'scale', 100000000, 1000000000, 1000000000, 1000000000, now(), now()
  FROM unnest($1::uuid[], $2::text[], $3::text[]) AS t(id, hash, prefix)
)sql"};

/// Worker cues that are next due in a year, $2 for each of the tenants $1. $3: 12 hex digits that no other call has.
constexpr named_query worker_cues_insert{"bench_worker_cues_insert", R"sql(
  INSERT INTO cues (id, user_id, name, status, schedule_type, schedule_cron, schedule_timezone, callback_url,
                    callback_method, callback_transport, payload, retry_max_attempts, retry_backoff_minutes, next_run,
                    run_count, fired_count, created_at, updated_at)
  SELECT 'cue_' || substr(md5($3::text || t.id || n), 1, 12), t.id, 'bench-' || $3::text || '-' || n, 'active', 'recurring', '0 9 1 1 *',
         'UTC', NULL, 'POST', 'worker', '{"task": "reconcile", "n": 1}', 3, '[1, 5, 15]', now() + interval '1 year', 0, 0,
         now(), now()
  FROM unnest($1::uuid[]) AS t(id) CROSS JOIN generate_series(1, $2::int) AS n
)sql"};

/// $2 executions for each tenant, dealt to its cues of the call $4 ($3 a tenant), due a moment ago and 100 µs apart.
constexpr named_query pending_insert{"bench_pending_insert", R"sql(
  WITH made AS (
    INSERT INTO executions (id, cue_id, scheduled_for, status, attempts, created_at, updated_at)
    SELECT gen_random_uuid(), 'cue_' || substr(md5($4::text || t.id || (n % $3::int + 1)), 1, 12),
           now() - interval '2 s' - (($2::int - n) / $3::int) * interval '100 us', 'pending', 0, now(), now()
    FROM unnest($1::uuid[]) AS t(id) CROSS JOIN generate_series(1, $2::int) AS n
    RETURNING id, cue_id, scheduled_for
  )
  SELECT made.id, t.number
  FROM made JOIN cues c ON c.id = made.cue_id JOIN unnest($1::uuid[]) WITH ORDINALITY AS t(id, number) ON t.id = c.user_id
  ORDER BY t.number, made.scheduled_for, made.id
)sql"};

/// The same for executions that are over, spread over a week.
constexpr named_query history_insert{"bench_history_insert", R"sql(
  WITH made AS (
    INSERT INTO executions (id, cue_id, scheduled_for, status, attempts, started_at, delivered_at, last_attempt_at,
                            claimed_by_worker, claimed_at, outcome_success, outcome_result, outcome_metadata,
                            outcome_recorded_at, outcome_state, created_at, updated_at)
    SELECT gen_random_uuid(), 'cue_' || substr(md5($4::text || t.id || (n % $3::int + 1)), 1, 12), at, 'success', 1, at, at, at,
           'worker-1', at, true, 'the answer is 42', '{"model": "x", "tokens": 1234}', at + interval '1 s',
           'reported_success', at, at
    FROM unnest($1::uuid[]) AS t(id) CROSS JOIN generate_series(1, $2::int) AS n
    CROSS JOIN LATERAL (SELECT now() - interval '7 days' * n / ($2::int + 1) AS at) AS s
    RETURNING id, cue_id, scheduled_for
  )
  SELECT made.id, t.number
  FROM made JOIN cues c ON c.id = made.cue_id JOIN unnest($1::uuid[]) WITH ORDINALITY AS t(id, number) ON t.id = c.user_id
  ORDER BY t.number, made.scheduled_for, made.id
)sql"};

/// One-time cues: number n belongs to tenant n % tenants and is due at $3 + n * $4 µs.
constexpr named_query due_cues_insert{"bench_due_cues_insert", R"sql(
  WITH wanted AS (
    SELECT n, 'cue_' || substr(md5($6::text || n), 1, 12) AS id, ($1::uuid[])[n % cardinality($1::uuid[]) + 1] AS user_id,
           $3::timestamptz + n * $4::bigint * interval '1 us' AS due
    FROM generate_series(0, $2::int - 1) AS n
  ), made AS (
    INSERT INTO cues (id, user_id, name, status, schedule_type, schedule_at, schedule_timezone, callback_url,
                      callback_method, callback_headers, callback_transport, payload, retry_max_attempts,
                      retry_backoff_minutes, next_run, run_count, fired_count, created_at, updated_at)
    SELECT id, user_id, 'due-' || $6::text || '-' || n, 'active', 'once', due, 'UTC', $5::text, 'POST', '{}',
           CASE WHEN $5::text IS NULL THEN 'worker' ELSE 'webhook' END, jsonb_build_object('task', 'reconcile', 'n', n), 3,
           '[1, 5, 15]', due, 0, 0, now(), now()
    FROM wanted
  )
  SELECT id FROM wanted ORDER BY n
)sql"};

/// Whether somebody's accounts are here who never asked to be emptied.
constexpr named_query accounts_of_others{"bench_accounts_of_others", R"sql(
  SELECT count(*) FROM users WHERE email NOT LIKE 'tenant-%@bench.invalid'
)sql"};

/// All tables but the two that say which schema this is.
constexpr named_query tables_to_empty{"bench_tables_to_empty", R"sql(
  SELECT string_agg(format('%I.%I', schemaname, tablename), ', ') FROM pg_tables
  WHERE schemaname IN ('public', 'cued') AND tablename NOT IN ('alembic_version', 'schema_version')
)sql"};

constexpr int without_time_limit = 0;

persistence::connection_options options_for(const std::string& dsn) {
  return {dsn, "cued-bench fixture", without_time_limit};
}

std::string nonce() {
  security::system_random random;
  constexpr std::size_t nonce_bytes = 6;
  return security::random_hex(random, nonce_bytes);
}

std::string ids_of(const std::vector<tenant>& tenants) {
  array_builder ids;
  for (const auto& t : tenants)
    ids.add(t.user_id);
  return std::move(ids).str();
}

/// The planner knows what is there, and no checkpoint of the fixture's writes falls into the measurement.
result<void> settle(connection& link) {
  return link.run([](session& s) -> result<void> {
    s.exec_text("ANALYZE");
    s.exec_text("CHECKPOINT");
    return {};
  });
}

using ids_by_tenant = std::vector<std::vector<std::string>>;

result<ids_by_tenant> make_executions(const std::string& dsn, const std::vector<tenant>& tenants,
                                      std::size_t per_tenant, std::size_t cues_per_tenant, const named_query& insert) {
  connection link{options_for(dsn)};
  const auto call = nonce();
  const auto users = ids_of(tenants);
  const auto rows = static_cast<long>(per_tenant), cues = static_cast<long>(std::max<std::size_t>(cues_per_tenant, 1));
  auto made = link.in_transaction([&](session& s) -> result<ids_by_tenant> {
    s.exec(worker_cues_insert, users, cues, call);
    ids_by_tenant out(tenants.size());
    for (const auto& row : s.exec(insert, users, rows, cues, call))
      out[row[1].as<std::size_t>() - 1].emplace_back(row[0].c_str());
    return out;
  });
  if (!made)
    return made;
  if (const auto settled = settle(link); !settled)
    return fail(settled.error());
  return made;
}

} // namespace

result<std::vector<tenant>> make_tenants(const std::string& dsn, std::size_t count) {
  connection link{options_for(dsn)};
  security::system_random random;
  std::vector<tenant> out;
  array_builder ids, hashes, prefixes;
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back({security::new_uuid(random), security::new_api_key(random)});
    ids.add(out.back().user_id);
    hashes.add(security::api_key_hash(out.back().api_key));
    prefixes.add(security::api_key_display(out.back().api_key));
  }
  const auto id_list = std::move(ids).str(), hash_list = std::move(hashes).str(),
             prefix_list = std::move(prefixes).str();
  const auto made = link.run([&](session& s) -> result<void> {
    s.exec(tenants_insert, id_list, hash_list, prefix_list);
    return {};
  });
  if (!made)
    return fail(made.error());
  return out;
}

result<ids_by_tenant> make_pending(const std::string& dsn, const std::vector<tenant>& tenants,
                                   const pending_wish& wish) {
  return make_executions(dsn, tenants, wish.per_tenant, wish.cues_per_tenant, pending_insert);
}

result<ids_by_tenant> make_history(const std::string& dsn, const std::vector<tenant>& tenants, std::size_t per_tenant) {
  constexpr std::size_t cues_per_tenant = 10;
  return make_executions(dsn, tenants, per_tenant, cues_per_tenant, history_insert);
}

result<std::vector<std::string>> make_due_cues(const std::string& dsn, const std::vector<tenant>& tenants,
                                               const due_wish& wish) {
  connection link{options_for(dsn)};
  const auto call = nonce();
  const auto users = ids_of(tenants);
  const auto count = static_cast<long>(wish.per_tenant * tenants.size());
  const auto url = wish.to == transport::webhook ? std::optional{wish.callback_url} : std::nullopt;
  auto made = link.in_transaction([&](session& s) -> result<std::vector<std::string>> {
    std::vector<std::string> out;
    for (const auto& row : s.exec(due_cues_insert, users, count, write_instant(wish.first),
                                  static_cast<long>(wish.apart.count()), url, call))
      out.emplace_back(row[0].c_str());
    return out;
  });
  if (!made)
    return made;
  if (const auto settled = settle(link); !settled)
    return fail(settled.error());
  return made;
}

result<void> clear_stage(const std::string& dsn) {
  connection link{options_for(dsn)};
  return link.in_transaction([](session& s) -> result<void> {
    if (s.exec(accounts_of_others)[0][0].as<std::int64_t>() > 0)
      return fail(409, "database_in_use",
                  "the database holds accounts that this harness did not make, and would be emptied");
    const auto tables = s.exec(tables_to_empty)[0][0].as<std::string>("");
    if (!tables.empty())
      s.exec_text("TRUNCATE " + tables);
    return {};
  });
}

} // namespace cued::bench
