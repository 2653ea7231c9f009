#include "persistence/workers.hpp"

namespace cued::persistence {
namespace {

/// One statement, so heartbeats of one worker from two connections cannot clash. Index: unique_user_worker.
constexpr named_query worker_heartbeat{"worker_heartbeat", R"sql(
  INSERT INTO workers (id, user_id, worker_id, handlers, last_heartbeat, created_at)
  VALUES (gen_random_uuid(), $1::uuid, $2, $3::jsonb, $4::timestamptz, now())
  ON CONFLICT (user_id, worker_id) DO UPDATE
  SET handlers = excluded.handlers, last_heartbeat = excluded.last_heartbeat
  RETURNING last_heartbeat
)sql"};

/// JSON null and SQL NULL both mean that no handlers are known. Index: ix_workers_user_id.
constexpr named_query workers_of_user{"workers_of_user", R"sql(
  SELECT worker_id, nullif(handlers, 'null'::jsonb) AS handlers, last_heartbeat, created_at
  FROM workers WHERE user_id = $1::uuid
  ORDER BY last_heartbeat DESC, id
)sql"};

/// Index: unique_user_worker.
constexpr named_query worker_delete{"worker_delete", R"sql(
  DELETE FROM workers WHERE user_id = $1::uuid AND worker_id = $2 RETURNING id
)sql"};

/// Index: ix_workers_user_id; a user has a handful of workers.
constexpr named_query active_worker_exists{"active_worker_exists", R"sql(
  SELECT EXISTS (SELECT 1 FROM workers WHERE user_id = $1::uuid AND last_heartbeat >= $2::timestamptz)
)sql"};

} // namespace

result<instant> record_worker_heartbeat(connection& db, const std::string& user_id, const std::string& worker_id,
                                        const std::string& handlers_json, instant now) {
  return db.run([&](session& s) -> result<instant> {
    const auto rows = s.exec(worker_heartbeat, user_id, worker_id, handlers_json, write_instant(now));
    return read_instant(rows[0][0].c_str());
  });
}

result<std::vector<worker>> list_workers(connection& db, const std::string& user_id) {
  return db.run([&](session& s) -> result<std::vector<worker>> {
    const auto rows = s.exec(workers_of_user, user_id);
    std::vector<worker> workers;
    workers.reserve(rows.size());
    for (const auto& row : rows) {
      const auto handlers = row["handlers"];
      workers.push_back({row["worker_id"].as<std::string>(),
                         handlers.is_null() ? std::nullopt : std::optional{handlers.as<std::string>()},
                         read_instant(row["last_heartbeat"].c_str()), read_instant(row["created_at"].c_str())});
    }
    return workers;
  });
}

result<void> delete_worker(connection& db, const std::string& user_id, const std::string& worker_id) {
  return db.run([&](session& s) -> result<void> {
    if (s.exec(worker_delete, user_id, worker_id).empty())
      return fail(404, "worker_not_found", "Worker not found");
    return {};
  });
}

result<bool> has_active_worker(connection& db, const std::string& user_id, instant since) {
  return db.run([&](session& s) -> result<bool> {
    return s.exec(active_worker_exists, user_id, write_instant(since))[0][0].as<bool>();
  });
}

} // namespace cued::persistence
