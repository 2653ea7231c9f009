#include "persistence/delivery_store.hpp"

#include "persistence/outbox.hpp"

namespace cued::persistence {
namespace {

/// Takes a batch for delivery. The guard is the status: whoever comes second takes nothing.
/// The cue is read as it is now, not as it was when the execution was made: one source of truth, and the secret in
/// force signs (spec/delivery.md §4 QUIRK security). An execution whose cue or user is gone is not taken.
/// Locks executions in id order. Index: executions_pkey, cues_pkey, users_pkey, cued_outbox_execution.
constexpr named_query start_deliveries{
    "start_deliveries", R"sql(
  WITH locked AS (
    SELECT e.id FROM executions e
    WHERE e.id = ANY($1::uuid[]) AND e.status IN ('pending', 'retry_ready')
    ORDER BY e.id
    FOR UPDATE
  ), taken AS (
    UPDATE executions e
    SET status = 'delivering', started_at = coalesce(e.started_at, now()), updated_at = now()
    FROM locked l
    JOIN executions o ON o.id = l.id
    JOIN cues c ON c.id = o.cue_id AND c.callback_transport = 'webhook'
    JOIN users u ON u.id = c.user_id
    WHERE e.id = l.id AND e.status IN ('pending', 'retry_ready')
    RETURNING e.id, c.user_id, c.id AS cue_id, c.name, e.scheduled_for, e.attempts + 1 AS attempt,
      coalesce(c.callback_url, '') AS url, c.callback_method, CASE WHEN jsonb_typeof(c.callback_headers) = 'object' THEN c.callback_headers::text ELSE '{}' END AS headers,
      ()sql" CUED_EFFECTIVE_PAYLOAD
                        R"sql()::text AS payload, c.retry_max_attempts, c.retry_backoff_minutes::text AS backoff,
      u.webhook_secret
  ), dispatched AS (
    UPDATE dispatch_outbox o SET dispatched = true
    FROM taken t WHERE o.execution_id = t.id AND NOT o.dispatched
  )
  SELECT * FROM taken
)sql"};

/// The way back of start_deliveries, for a shutdown between taking and sending.
/// Index: executions_pkey; dispatch_outbox by execution through cued_outbox_execution is for undispatched rows only, so
/// this rare statement names the newest row of each execution.
constexpr named_query give_back_deliveries{"give_back_deliveries", R"sql(
  WITH returned AS (
    UPDATE executions e
    SET status = CASE WHEN e.attempts = 0 THEN 'pending' ELSE 'retry_ready' END, updated_at = now()
    WHERE e.id = ANY($1::uuid[]) AND e.status = 'delivering'
    RETURNING e.id
  ), newest AS (
    SELECT DISTINCT ON (o.execution_id) o.id FROM dispatch_outbox o JOIN returned r ON r.id = o.execution_id
    ORDER BY o.execution_id, o.id DESC
  ), undone AS (
    UPDATE dispatch_outbox o SET dispatched = false FROM newest n WHERE o.id = n.id
  )
  SELECT count(*) FROM returned
)sql"};

std::string list_of(const std::vector<std::string>& ids) {
  array_builder list;
  for (const auto& id : ids)
    list.add(id);
  return std::move(list).str();
}

} // namespace

result<std::vector<started_delivery>> postgres_delivery_store::start(const std::vector<std::string>& execution_ids) {
  const auto ids = list_of(execution_ids);
  return link_.run([&](session& s) -> result<std::vector<started_delivery>> {
    std::vector<started_delivery> out;
    for (const auto& row : s.exec(start_deliveries, ids)) {
      started_delivery d;
      d.execution_id = row[0].c_str();
      d.user_id = row[1].c_str();
      d.cue_id = row[2].c_str();
      d.cue_name = row[3].c_str();
      d.scheduled_for = read_instant(row[4].c_str());
      d.attempt = row[5].as<int>();
      d.url = row[6].c_str();
      d.method = row[7].c_str();
      d.headers_json = row[8].c_str();
      d.payload_json = row[9].c_str();
      d.retry_max_attempts = row[10].as<int>();
      d.retry_backoff_json = row[11].c_str();
      d.webhook_secret = row[12].c_str();
      out.push_back(std::move(d));
    }
    return out;
  });
}

result<std::size_t> postgres_delivery_store::give_back(const std::vector<std::string>& execution_ids) {
  const auto ids = list_of(execution_ids);
  return link_.run(
      [&](session& s) -> result<std::size_t> { return s.exec(give_back_deliveries, ids)[0][0].as<std::size_t>(); });
}

} // namespace cued::persistence
