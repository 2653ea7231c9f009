#include "persistence/delivery_store.hpp"

#include <algorithm>

#include "persistence/alert_rows.hpp"
#include "persistence/node_rows.hpp"
#include "persistence/open_executions.hpp"
#include "persistence/outbox.hpp"

namespace cued::persistence {
namespace {

/// The row waits for delivery, or an earlier call of this store whose commit fell into doubt ($3, $4) has taken it.
#define CUED_MAY_START                                                                                                 \
  "(e.status IN ('pending', 'retry_ready') OR (e.status = 'delivering' AND EXISTS (SELECT 1 FROM "                     \
  "unnest($3::uuid[], $4::timestamptz[]) AS doubt(id, at) WHERE doubt.id = e.id AND doubt.at = e.updated_at)))"

/// Takes a batch for delivery. The guard is the status: whoever comes second takes nothing.
/// The cue is read as it is now, not as it was when the execution was made: one source of truth, and the secret in
/// force signs (spec/delivery.md §4 QUIRK security). An execution whose cue or user is gone is not taken.
/// The monthly limit holds for first attempts of what the clock made, and only for users who have reached it does
/// anything here cost more than one look at their month: a day of grace begins, or has ended.
/// A secret in overlap costs one look into a table that is nearly always empty.
/// What a call took whose commit fell into doubt is `delivering` with that call's instant in updated_at, and is taken
/// again: nobody has sent it.
/// Which epoch ($6) took it stands beside it, for those who take over from a node that dies (silent_deliveries of
/// deadline_store.cpp).
/// The ids come sorted, and the rows are locked in that order by the loop over executions_pkey. Index: executions_pkey,
/// cues_pkey, users_pkey, unique_user_month, quota_grace_pkey, cued_outbox_execution, previous_secrets_pkey,
/// open_executions_pkey, nodes_pkey.
constexpr named_query start_deliveries{"start_deliveries",
                                       R"sql(
  WITH candidate AS MATERIALIZED (
    SELECT e.id, e.status = 'pending' AND e.triggered_by IS NULL AS counts, c.user_id, u.monthly_execution_limit,
           u.webhook_secret, c.id AS cue_id, c.name, coalesce(c.callback_url, '') AS url, c.callback_method,
           CASE WHEN jsonb_typeof(c.callback_headers) = 'object' THEN c.callback_headers::text ELSE '{}' END AS headers,
           ()sql" CUED_EFFECTIVE_PAYLOAD R"sql()::text AS payload, c.retry_max_attempts,
           c.retry_backoff_minutes::text AS backoff, coalesce(c.retry_backoff_seconds::text, '') AS backoff_seconds,
           coalesce(c.retry_jitter_percent, 0) AS jitter_percent
    FROM unnest($1::uuid[]) AS a(id)
    JOIN executions e ON e.id = a.id AND )sql" CUED_MAY_START R"sql(
    JOIN cues c ON c.id = e.cue_id AND c.callback_transport = 'webhook'
    JOIN users u ON u.id = c.user_id
    WHERE NOT )sql" CUED_IS_HELD_BACK " AND " CUED_EPOCH_STANDS("$6") R"sql(
  ), over_limit AS (
    SELECT c.id, c.user_id, m.month_start, m.execution_count AS used, c.monthly_execution_limit AS allowed,
           g.started_at AS grace_since
    FROM candidate c
    JOIN usage_monthly m ON m.user_id = c.user_id AND m.month_start = date_trunc('month', now() AT TIME ZONE 'UTC')::date
      AND m.execution_count >= c.monthly_execution_limit
    LEFT JOIN cued.quota_grace g ON g.user_id = c.user_id AND g.month_start = m.month_start
    WHERE $2::bool AND c.counts AND c.monthly_execution_limit > 0
  ), grace AS (
    INSERT INTO cued.quota_grace (user_id, month_start, started_at)
    SELECT DISTINCT user_id, month_start, now() FROM over_limit WHERE grace_since IS NULL
    ORDER BY user_id
    ON CONFLICT DO NOTHING
    RETURNING user_id, started_at
  ), blocked AS (
    SELECT * FROM over_limit WHERE grace_since < now() - interval '24 hours'
  ), refused AS (
    UPDATE executions e
    SET status = 'failed', error_message = 'Monthly execution limit reached', last_attempt_at = now(), updated_at = now()
    FROM blocked b WHERE e.id = b.id AND e.status = 'pending'
    RETURNING e.id, e.cue_id, e.scheduled_for
  ), closed AS (
    )sql" CUED_CLOSE("refused") R"sql(
  ), first_refusals AS (
    SELECT DISTINCT user_id, month_start, used, allowed FROM blocked ORDER BY user_id
  ), told AS (
    UPDATE cued.quota_grace g SET told_at = now()
    FROM first_refusals f
    WHERE g.user_id = f.user_id AND g.month_start = f.month_start AND g.told_at IS NULL
    RETURNING g.user_id, g.month_start, f.used, f.allowed
  ), alerted AS (
    INSERT INTO alerts (id, user_id, alert_type, severity, message, metadata, acknowledged, created_at)
    SELECT gen_random_uuid(), user_id, 'quota_exceeded', 'critical',
           'The monthly limit of ' || allowed || ' executions is reached and the day of grace is over: scheduled '
             || 'webhooks fail until the month ends',
           jsonb_build_object('used', used, 'limit', allowed, 'month', to_char(month_start, 'YYYY-MM-DD')), false, now()
    FROM told
    RETURNING *
  ), noticed AS (
    )sql" CUED_NOTICES_OF_ALERTS("alerted") R"sql(
  ), taken AS (
    UPDATE executions e
    SET status = 'delivering', started_at = coalesce(e.started_at, now()), updated_at = $5::timestamptz
    FROM candidate c
    WHERE e.id = c.id AND )sql" CUED_MAY_START R"sql( AND e.id NOT IN (SELECT id FROM blocked)
    RETURNING e.id, c.user_id, c.cue_id, c.name, e.scheduled_for, e.attempts + 1 AS attempt, c.url, c.callback_method,
              c.headers, c.payload, c.retry_max_attempts, c.backoff, c.webhook_secret,
              coalesce(e.backfilled, false) AS backfilled, c.backoff_seconds, c.jitter_percent
  ), noted AS (
    UPDATE cued.open_executions o SET taken_by = $6::bigint, taken_attempt = t.attempt
    FROM taken t
    WHERE $6::bigint IS NOT NULL AND o.cue_id = t.cue_id AND o.scheduled_for = t.scheduled_for AND o.execution_id = t.id
  ), dispatched AS (
    UPDATE dispatch_outbox o SET dispatched = true
    FROM (SELECT id FROM taken UNION ALL SELECT id FROM refused) AS t
    WHERE o.execution_id = t.id AND NOT o.dispatched
  )
  SELECT t.*, g.started_at AS grace_begun_at, p.secret AS previous_secret
  FROM taken t
  LEFT JOIN grace g ON g.user_id = t.user_id
  LEFT JOIN cued.previous_secrets p ON p.user_id = t.user_id AND p.kind = 'webhook' AND p.valid_until > now()
)sql"};

/// Index: nodes_pkey.
constexpr named_query epoch_stands{"epoch_stands", "SELECT " CUED_EPOCH_STANDS("$1")};

std::string list_of(const std::vector<std::string>& ids) {
  auto sorted = ids;
  std::ranges::sort(sorted);
  const auto repeated = std::ranges::unique(sorted);
  sorted.erase(repeated.begin(), repeated.end());
  array_builder list;
  for (const auto& id : sorted)
    list.add(id);
  return std::move(list).str();
}

} // namespace

postgres_delivery_store::postgres_delivery_store(connection_options options, monthly_limit limit, const node_seat* seat)
    : link_{by_keys(std::move(options))}, limit_{limit}, seat_{seat} {}

std::vector<named_query> postgres_delivery_store::statements() { return {start_deliveries}; }

result<std::vector<started_delivery>> postgres_delivery_store::start(const std::vector<std::string>& execution_ids,
                                                                     instant at) {
  const auto ids = list_of(execution_ids);
  const auto [doubtful_ids, doubtful_instants] = doubts_of(execution_ids);
  const auto epoch = epoch_of(seat_);
  bool asked = false;
  auto started = link_.run([&](session& s) -> result<std::vector<started_delivery>> {
    asked = true;
    std::vector<started_delivery> out;
    for (const auto& row : s.exec(start_deliveries, ids, limit_ == monthly_limit::enforced, doubtful_ids,
                                  doubtful_instants, write_instant(at), epoch)) {
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
      d.previous_webhook_secret = row["previous_secret"].c_str();
      d.backfilled = row["backfilled"].as<bool>();
      d.retry_backoff_seconds_json = row["backoff_seconds"].c_str();
      d.retry_jitter_percent = row["jitter_percent"].as<int>();
      if (const auto begun = row["grace_begun_at"]; !begun.is_null())
        d.grace_begun_at = read_instant(begun.c_str());
      out.push_back(std::move(d));
    }
    if (out.empty() && !s.exec(epoch_stands, epoch)[0][0].as<bool>())
      return fail(unavailable("This node was taken for dead"));
    return out;
  });
  for (const auto& id : execution_ids)
    if (started)
      doubts_.erase(id);
    else if (asked && started.error().status == 503)
      doubts_[id].push_back(at);
  return started;
}

std::pair<std::string, std::string>
postgres_delivery_store::doubts_of(const std::vector<std::string>& execution_ids) const {
  array_builder ids, instants;
  if (!doubts_.empty())
    for (const auto& id : execution_ids)
      if (const auto found = doubts_.find(id); found != doubts_.end())
        for (const auto at : found->second) {
          ids.add(id);
          instants.add(write_instant(at));
        }
  return {std::move(ids).str(), std::move(instants).str()};
}

} // namespace cued::persistence
