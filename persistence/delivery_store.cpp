#include "persistence/delivery_store.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <unordered_set>

#include "persistence/alert_rows.hpp"
#include "persistence/node_rows.hpp"
#include "persistence/open_executions.hpp"
#include "persistence/outbox.hpp"
#include "persistence/started_rows.hpp"

namespace cued::persistence {
namespace {

/// The row waits for delivery, or an earlier call of this store whose commit fell into doubt ($3, $4) has taken it: at
/// that instant, and as the same epoch ($6), for the clocks of two nodes can show the same.
#define CUED_MAY_START                                                                                                 \
  "(e.status IN ('pending', 'retry_ready') OR (e.status = 'delivering' AND EXISTS (SELECT 1 FROM "                     \
  "unnest($3::uuid[], $4::timestamptz[]) AS doubt(id, at) WHERE doubt.id = e.id AND doubt.at = e.updated_at) "         \
  "AND ($6::bigint IS NULL OR EXISTS (SELECT 1 FROM cued.open_executions mine WHERE mine.cue_id = e.cue_id "           \
  "AND mine.scheduled_for = e.scheduled_for AND mine.execution_id = e.id AND mine.taken_by = $6::bigint))))"

/// Whether the monthly limit says nothing about it: no first attempt of what the clock made ($2: limits hold), or its
/// user is below.
#define CUED_WITHIN_LIMIT                                                                                              \
  "NOT ($2::bool AND e.status = 'pending' AND e.triggered_by IS NULL AND " CUED_LIMIT_IS_REACHED ")"

/// Notes the epoch that took the executions in `taken`. Index: open_executions_pkey.
#define CUED_NOTE_TAKEN(epoch)                                                                                         \
  "UPDATE cued.open_executions o SET taken_by = " epoch "::bigint, taken_attempt = t.attempt FROM taken t "            \
  "WHERE " epoch "::bigint IS NOT NULL AND o.cue_id = t.cue_id AND o.scheduled_for = t.scheduled_for "                 \
  "AND o.execution_id = t.id"

/// An array, not a join, for that could begin at the outbox, which is empty when plans are made; and not a condition
/// that the index of all that waits answers to. Index: cued_outbox_execution.
#define CUED_MARK_DISPATCHED(ids)                                                                                      \
  "UPDATE dispatch_outbox o SET dispatched = true "                                                                    \
  "WHERE o.execution_id = ANY (ARRAY(" ids ")) AND o.dispatched IS DISTINCT FROM true"

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
/// The ids come sorted, and the rows are locked in that order by the loop over executions_pkey. Plans are made while
/// the tables are empty, so each row leads to the next and never the other way round
/// (persistence/asked_executions.hpp). Index: executions_pkey, cues_pkey, users_pkey, unique_user_month,
/// quota_grace_pkey, cued_outbox_execution, previous_secrets_pkey, open_executions_pkey, nodes_pkey.
constexpr named_query start_deliveries{"start_deliveries",
                                       R"sql(
  WITH candidate AS MATERIALIZED (
    SELECT e.id, e.status = 'pending' AND e.triggered_by IS NULL AS counts, u.monthly_execution_limit,
           )sql" CUED_DELIVERED_CUE R"sql(
    FROM unnest($1::uuid[]) AS a(id)
    JOIN executions e ON e.id = a.id AND )sql" CUED_MAY_START R"sql(
    JOIN cues c ON c.id = e.cue_id || '' AND c.callback_transport = 'webhook'
    JOIN users u ON u.id = CASE WHEN c.id <> '' THEN c.user_id END
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
    RETURNING c.*, e.scheduled_for, e.attempts + 1 AS attempt, coalesce(e.backfilled, false) AS backfilled
  ), noted AS (
    )sql" CUED_NOTE_TAKEN("$6") R"sql(
  ), dispatched AS (
    )sql" CUED_MARK_DISPATCHED("SELECT id FROM taken UNION ALL SELECT id FROM refused") R"sql(
  )
  SELECT )sql" CUED_STARTED_COLUMNS R"sql(, g.started_at
  FROM taken t
  LEFT JOIN grace g ON g.user_id = t.user_id
)sql"};

/// The same for what nearly all are: nobody is ahead of them, their users are below their limits, and no start of
/// theirs is in doubt. Says nothing of others. $1 in the order of ids, $3 when, $4 the epoch. It costs Postgres a third
/// less for one alone. Index: executions_pkey, cues_pkey, users_pkey, unique_user_month, cued_outbox_execution,
/// previous_secrets_pkey, open_executions_pkey, nodes_pkey.
constexpr named_query start_plain_deliveries{"start_plain_deliveries",
                                             R"sql(
  WITH taken AS (
    UPDATE executions e
    SET status = 'delivering', started_at = coalesce(e.started_at, now()), updated_at = $3::timestamptz
    FROM unnest($1::uuid[]) AS a(id), cues c, users u
    WHERE e.id = a.id AND c.id = e.cue_id || '' AND u.id = CASE WHEN c.id <> '' THEN c.user_id END
      AND e.status IN ('pending', 'retry_ready') AND c.callback_transport = 'webhook'
      AND c.overlap_policy IS DISTINCT FROM 'queue_one' AND )sql" CUED_WITHIN_LIMIT
                                             " AND " CUED_EPOCH_STANDS("$4") R"sql(
    RETURNING e.id, e.scheduled_for, e.attempts + 1 AS attempt, coalesce(e.backfilled, false) AS backfilled,
              )sql" CUED_DELIVERED_CUE R"sql(
  ), noted AS (
    )sql" CUED_NOTE_TAKEN("$4") R"sql(
  ), dispatched AS (
    )sql" CUED_MARK_DISPATCHED("SELECT id FROM taken") R"sql(
  )
  SELECT )sql" CUED_STARTED_COLUMNS R"sql(, NULL FROM taken t
)sql"};

/// Index: nodes_pkey.
constexpr named_query epoch_stands{"epoch_stands", "SELECT " CUED_EPOCH_STANDS("$1")};

std::vector<started_delivery> read_all(const pqxx::result& rows) {
  std::vector<started_delivery> out;
  for (const auto& row : rows) {
    out.push_back(read_started(row, 0));
    if (const auto grace_begun_at = row[started_columns]; !grace_begun_at.is_null())
      out.back().grace_begun_at = read_instant(grace_begun_at.c_str());
  }
  return out;
}

std::vector<std::string> sorted_once(std::vector<std::string> ids) {
  std::ranges::sort(ids);
  const auto repeated = std::ranges::unique(ids);
  ids.erase(repeated.begin(), repeated.end());
  return ids;
}

std::string list_of(const std::vector<std::string>& ids) {
  array_builder list;
  for (const auto& id : ids)
    list.add(id);
  return std::move(list).str();
}

} // namespace

postgres_delivery_store::postgres_delivery_store(connection_options options, monthly_limit limit, const node_seat* seat)
    : link_{by_keys(std::move(options))}, limit_{limit}, seat_{seat} {}

std::vector<named_query> postgres_delivery_store::statements() { return {start_plain_deliveries, start_deliveries}; }

result<std::vector<started_delivery>> postgres_delivery_store::start(const std::vector<std::string>& execution_ids,
                                                                     instant at) {
  bool asked = false;
  auto started = start_all(sorted_once(execution_ids), at, asked);
  for (const auto& id : execution_ids)
    if (started)
      doubts_.erase(id);
    else if (asked && started.error().status == 503 && !std::ranges::count(doubts_[id], at))
      doubts_[id].push_back(at);
  return started;
}

result<std::vector<started_delivery>> postgres_delivery_store::start_all(std::vector<std::string> ids, instant at,
                                                                         bool& asked) {
  const bool tries_plain = plain_.now();
  auto started = tries_plain ? start_plain(ids, at, asked) : std::vector<started_delivery>{};
  if (!started || ids.empty())
    return started;
  const auto list = list_of(ids);
  const auto [doubtful_ids, doubtful_instants] = doubts_of(ids);
  const auto epoch = epoch_of(seat_);
  auto others = link_.run([&](session& s) -> result<std::vector<started_delivery>> {
    asked = true;
    auto out = read_all(s.exec(start_deliveries, list, limit_ == monthly_limit::enforced, doubtful_ids,
                               doubtful_instants, write_instant(at), epoch));
    if (out.empty() && started->empty() && !s.exec(epoch_stands, epoch)[0][0].as<bool>())
      return fail(unavailable("This node was taken for dead"));
    return out;
  });
  if (!others) { // nobody sends what was started before it is asked for again, be it alone, because one spoils the
                 // batch
    for (const auto& d : *started)
      doubts_[d.execution_id].push_back(at);
    return others;
  }
  if (tries_plain)
    plain_.came_to(started->size(), started->size() + others->size());
  std::ranges::move(*others, std::back_inserter(*started));
  return started;
}

/// Starts those that are plain, and takes them out of `ids`.
result<std::vector<started_delivery>> postgres_delivery_store::start_plain(std::vector<std::string>& ids, instant at,
                                                                           bool& asked) {
  const auto list = list_of(ids);
  auto started = link_.run([&](session& s) -> result<std::vector<started_delivery>> {
    asked = true;
    return read_all(
        s.exec(start_plain_deliveries, list, limit_ == monthly_limit::enforced, write_instant(at), epoch_of(seat_)));
  });
  if (!started)
    return started;
  std::unordered_set<std::string_view> done;
  for (const auto& d : *started)
    done.insert(d.execution_id);
  std::erase_if(ids, [&](const std::string& id) { return done.contains(id); });
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
