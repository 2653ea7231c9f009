#include "persistence/clock_store.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <unordered_set>

#include <spdlog/spdlog.h>

#include "persistence/alert_rows.hpp"
#include "persistence/node_rows.hpp"
#include "persistence/open_executions.hpp"
#include "persistence/outbox.hpp"
#include "persistence/started_rows.hpp"

namespace cued::persistence {
namespace {

#define CUED_ARMED_COLUMNS                                                                                             \
  "id, next_run, schedule_type = 'recurring', coalesce(schedule_cron, ''), schedule_timezone, catch_up, "              \
  "catch_up_window_seconds, user_id, callback_transport = 'webhook'"

/// A page of the clock's horizon. Index: idx_cues_due (ix_cues_next_run where the tables were made from models), whose
/// order is that of the instants; those due together are sorted by id as they come.
constexpr named_query armed_until_horizon{"armed_until_horizon", "SELECT " CUED_ARMED_COLUMNS R"sql(
  FROM cues
  WHERE status = 'active' AND next_run IS NOT NULL AND next_run < $1::timestamptz
    AND next_run >= $3::timestamptz AND (next_run, id) > ($3::timestamptz, $4)
  ORDER BY next_run, id
  LIMIT $2::int
)sql"};

/// Looks each up by its id (OFFSET keeps the conditions outside): else the planner, when it knows of few active cues,
/// takes the index of those that are due and walks through all of them. Index: cues_pkey.
constexpr named_query armed_cues_by_id{"armed_cues_by_id", "SELECT " CUED_ARMED_COLUMNS R"sql(
  FROM unnest($1::text[]) AS a(wanted) CROSS JOIN LATERAL (SELECT * FROM cues WHERE cues.id = a.wanted OFFSET 0) c
  WHERE status = 'active' AND next_run IS NOT NULL
)sql"};

/// The cue in row `c` is active and still what the clock computed with, `d`. What is wrapped in functions keeps the
/// planner from walking through all that are active instead of looking each up by its id.
#define CUED_AGREES_WITH_FIRING                                                                                        \
  "coalesce(c.status, '') = 'active' AND c.next_run = d.next_run AND coalesce(c.schedule_cron, '') = d.cron "          \
  "AND c.schedule_timezone = d.zone AND c.catch_up IS NOT DISTINCT FROM d.catch_up "                                   \
  "AND c.catch_up_window_seconds IS NOT DISTINCT FROM d.catch_up_window"

/// The reference's snapshot of a scheduled execution, from the rows `c` of its cue and `u` of its user.
#define CUED_FIRED_OUTBOX_PAYLOAD(execution_id, at)                                                                    \
  CUED_OUTBOX_PAYLOAD(execution_id, CUED_OFFSET_TIME(at),                                                              \
                      "CASE WHEN jsonb_typeof(c.payload) = 'object' THEN c.payload ELSE '{}'::jsonb END",              \
                      "c.retry_backoff_minutes")                                                                       \
  " || jsonb_build_object('monthly_execution_limit', u.monthly_execution_limit)"

/// Fires a batch: one execution per (cue, instant) and its outbox row, the counter, the next instant. A row of the
/// arguments for each slot, with what the clock believes of its cue, and one for a cue that moves on without any.
/// The guard is the row itself: instant, cron, zone and policy must be what the clock computed with, so that a change
/// of the schedule and a firing cannot both win. Cues come sorted and are locked in that order, as everywhere.
/// Overlap: `skip` allows one execution under way, `queue_one` one and one that waits, besides those of this batch:
/// `turn` numbers the slots of a cue, `newest` is the last. Whoever fires a cue moves its next_run, so a count that was
/// taken before somebody else's firing belongs to a row that fails the guard. A one-time cue has nothing to overlap.
/// A node that others took for dead fires nothing: whether its epoch ($15) is there still is asked once for a batch.
/// No part of it joins two others, for Postgres would loop over both: 500 rows took 80 ms that way, 1,000 took 285.
/// What was made is looked up in a hashed list instead, once for each row.
/// Index: cues_pkey, idx_executions_dedup (the arbiter), users_pkey, open_executions_pkey, executions_pkey,
/// nodes_pkey.
constexpr named_query fire_batch{"fire_batch", R"sql(
  WITH judged AS MATERIALIZED (
    SELECT c.id AS cue_id, c.user_id, c.callback_transport = 'webhook' AS webhook, d.following, d.exhausted,
           d.at, d.execution_id, d.backfilled, d.missed,
           CASE WHEN c.schedule_type = 'once' OR c.overlap_policy IS NULL
                  OR c.overlap_policy NOT IN ('skip', 'queue_one') THEN true
           ELSE d.turn <= CASE c.overlap_policy WHEN 'skip' THEN 1 ELSE 2 END - (
             SELECT count(*) FROM cued.open_executions o JOIN executions e ON e.id = o.execution_id
             WHERE o.cue_id = c.id AND o.scheduled_for <= d.newest
               AND ()sql" CUED_IS_UNFINISHED("e") " OR (" CUED_AWAITS_OUTCOME("e") R"sql())
           ) END AS fits
    FROM unnest($1::text[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::int[], $7::timestamptz[],
                $8::bool[], $9::timestamptz[], $10::uuid[], $11::bool[], $12::bool[], $13::int[], $14::timestamptz[])
      AS d(cue_id, next_run, cron, zone, catch_up, catch_up_window, following, exhausted, at, execution_id, backfilled,
           missed, turn, newest)
    CROSS JOIN LATERAL (SELECT * FROM cues WHERE id = d.cue_id FOR UPDATE) c
    WHERE )sql" CUED_AGREES_WITH_FIRING " AND " CUED_EPOCH_STANDS("$15") R"sql(
  ), made AS (
    INSERT INTO executions (id, cue_id, scheduled_for, status, attempts, backfilled, error_message, created_at,
                            updated_at)
    SELECT execution_id, cue_id, at, CASE WHEN missed THEN 'missed' ELSE 'pending' END, 0,
           CASE WHEN backfilled THEN true END,
           CASE WHEN missed THEN 'Missed: its time passed while nothing could run, and catch_up does not make up for it'
                END, now(), now()
    FROM judged WHERE fits AND execution_id IS NOT NULL
    ON CONFLICT (cue_id, scheduled_for) DO NOTHING
    RETURNING id
  ), settled AS MATERIALIZED (
    SELECT *, coalesce(execution_id IN (SELECT id FROM made), false) AS made FROM judged
  ), moved AS (
    UPDATE cues c
    SET next_run = n.following, fired_count = c.fired_count + n.fired,
        status = CASE WHEN n.exhausted THEN 'completed' WHEN n.missed THEN 'failed' ELSE c.status END,
        updated_at = now()
    FROM (SELECT cue_id, following, exhausted, count(*) FILTER (WHERE made AND NOT missed)::int AS fired,
                 coalesce(bool_or(made AND missed), false) AS missed
          FROM settled GROUP BY cue_id, following, exhausted) n
    WHERE c.id = n.cue_id
  ), queued AS (
    INSERT INTO dispatch_outbox (execution_id, cue_id, task_type, payload, dispatched, dispatch_attempts, created_at)
    SELECT m.execution_id, c.id, 'deliver', )sql" CUED_FIRED_OUTBOX_PAYLOAD("m.execution_id",
                                                                            "m.at") R"sql(, false, 0, now()
    FROM settled m JOIN cues c ON c.id = m.cue_id LEFT JOIN users u ON u.id = m.user_id
    WHERE m.made AND m.webhook AND NOT m.missed
    ORDER BY m.at
  )
  SELECT cue_id, user_id, webhook, execution_id, at, coalesce(backfilled, false), made AND NOT missed, NOT fits
  FROM settled
  ORDER BY at
)sql"};

/// The same for what nearly all firings are: one slot, not missed, of a cue without an overlap policy; says nothing of
/// others. Arguments 1 to 11 as above, $13 the epoch. The guard is the update itself, so no row is locked, read and
/// looked up again, and an instant that has an execution already fails the whole batch.
/// Webhooks that may be taken for delivery ($12) and whose user is below the monthly limit ($14: it holds) are made as
/// start_deliveries would leave them, and what their request is made of is answered: a commit less, a version of the
/// row less, and it is sent that much sooner. The trigger that lists what is open notes who took them (migration 0013).
/// Index: cues_pkey, users_pkey, nodes_pkey, unique_user_month, previous_secrets_pkey.
constexpr named_query fire_plain_batch{"fire_plain_batch", R"sql(
  WITH moved AS (
    UPDATE cues c
    SET next_run = d.following, fired_count = c.fired_count + 1,
        status = CASE WHEN d.exhausted THEN 'completed' ELSE c.status END, updated_at = now()
    FROM unnest($1::text[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::int[], $7::timestamptz[],
                $8::bool[], $9::timestamptz[], $10::uuid[], $11::bool[], $12::bool[])
      AS d(cue_id, next_run, cron, zone, catch_up, catch_up_window, following, exhausted, at, execution_id, backfilled,
           take)
    WHERE c.id = d.cue_id AND )sql" CUED_AGREES_WITH_FIRING R"sql(
      AND (c.schedule_type = 'once' OR c.overlap_policy IS NULL OR c.overlap_policy NOT IN ('skip', 'queue_one'))
      AND )sql" CUED_EPOCH_STANDS("$13") R"sql(
    RETURNING c.id, c.user_id, c.callback_transport = 'webhook' AS webhook, c.name, c.callback_url, c.callback_method,
              c.callback_headers, c.payload, c.retry_max_attempts, c.retry_backoff_minutes, c.retry_backoff_seconds,
              c.retry_jitter_percent, d.at, d.execution_id, coalesce(d.backfilled, false) AS backfilled, d.take
  ), seen AS MATERIALIZED (
    SELECT c.*, u.webhook_secret, u.monthly_execution_limit,
           c.webhook AND c.take AND u.id IS NOT NULL
             AND NOT ($14::bool AND )sql" CUED_LIMIT_IS_REACHED R"sql() AS taken
    FROM moved c LEFT JOIN users u ON u.id = CASE WHEN c.webhook THEN c.user_id END
  ), made AS (
    INSERT INTO executions (id, cue_id, scheduled_for, status, attempts, backfilled, started_at, created_at, updated_at)
    SELECT execution_id, id, at, CASE WHEN taken THEN 'delivering' ELSE 'pending' END, 0,
           CASE WHEN backfilled THEN true END, CASE WHEN taken THEN now() END, now(), now()
    FROM seen
  ), queued AS (
    INSERT INTO dispatch_outbox (execution_id, cue_id, task_type, payload, dispatched, dispatch_attempts, created_at)
    SELECT c.execution_id, c.id, 'deliver', )sql" CUED_FIRED_OUTBOX_PAYLOAD("c.execution_id",
                                                                            "c.at") R"sql(, c.taken, 0, now()
    FROM seen c CROSS JOIN LATERAL (SELECT c.webhook_secret, c.monthly_execution_limit) u
    WHERE c.webhook
    ORDER BY c.at
  ), said AS MATERIALIZED (
    SELECT set_config('cued.taken_by', coalesce($13::bigint::text, ''), true)
  )
  SELECT c.id, c.user_id, c.webhook, c.execution_id, c.at, c.backfilled, true, false, c.taken,
         )sql" CUED_STARTED_COLUMNS R"sql(
  FROM said CROSS JOIN seen c
  LEFT JOIN LATERAL (
    SELECT c.execution_id AS id, c.at AS scheduled_for, 1 AS attempt, c.backfilled, )sql" CUED_DELIVERED_CUE R"sql(
    FROM (SELECT NULL::jsonb AS payload_override) e, (SELECT c.webhook_secret) u
    WHERE c.taken
  ) t ON true
  ORDER BY c.at
)sql"};

/// Waits for whoever is still at work on these cues, be it a backend of ours that has lost its client. Index:
/// cues_pkey.
constexpr named_query await_cues{"await_cues", R"sql(
  SELECT 1 FROM cues WHERE id = ANY ($1::text[]) ORDER BY id FOR UPDATE
)sql"};

/// Of executions that a firing of this epoch ($2) may have taken, those that it took and no attempt has ended of. What
/// it made without taking it may have been started meanwhile, but later than it was made. Index: executions_pkey,
/// cues_pkey, users_pkey, open_executions_pkey, nodes_pkey, previous_secrets_pkey.
constexpr named_query taken_when_fired{"taken_when_fired", R"sql(
  WITH taken AS (
    UPDATE executions e SET updated_at = now()
    FROM unnest($1::uuid[]) AS a(id), cues c, users u
    WHERE e.id = a.id AND c.id = e.cue_id || '' AND u.id = CASE WHEN c.id <> '' THEN c.user_id END
      AND e.status = 'delivering' AND e.attempts = 0 AND e.started_at = e.created_at
      AND ($2::bigint IS NULL OR EXISTS (
        SELECT 1 FROM cued.open_executions mine WHERE mine.cue_id = e.cue_id AND mine.scheduled_for = e.scheduled_for
          AND mine.execution_id = e.id AND mine.taken_by = $2::bigint))
      AND )sql" CUED_EPOCH_STANDS("$2") R"sql(
    RETURNING e.id, e.scheduled_for, 1 AS attempt, coalesce(e.backfilled, false) AS backfilled,
              )sql" CUED_DELIVERED_CUE R"sql(
  )
  SELECT )sql" CUED_STARTED_COLUMNS R"sql( FROM taken t
)sql"};

armed_cue read_armed(const pqxx::row& row) {
  armed_cue out{row[0].c_str(), read_instant(row[1].c_str()), row[2].as<bool>(), row[3].c_str(), row[4].c_str()};
  if (!row[5].is_null())
    out.catch_up = row[5].c_str();
  if (!row[6].is_null())
    out.catch_up_window_seconds = row[6].as<int>();
  out.user_id = row[7].c_str();
  out.webhook = row[8].as<bool>();
  return out;
}

fired_slot read_slot(const pqxx::row& row) {
  fired_slot out{row[0].c_str(), row[1].c_str(), row[2].as<bool>(), ""};
  if (row[3].is_null())
    return out;
  out.execution_id = row[3].c_str();
  out.scheduled_for = read_instant(row[4].c_str());
  out.backfilled = row[5].as<bool>();
  out.created = row[6].as<bool>();
  out.skipped = row[7].as<bool>();
  return out;
}

std::vector<fired_slot> read_slots(const pqxx::result& rows) {
  std::vector<fired_slot> out;
  for (const auto& row : rows)
    out.push_back(read_slot(row));
  return out;
}

/// Of fire_plain_batch.
std::vector<fired_slot> read_plain_slots(const pqxx::result& rows) {
  constexpr pqxx::row::size_type taken = 8;
  auto out = read_slots(rows);
  for (std::size_t i = 0; i < out.size(); ++i)
    if (const auto row = rows[static_cast<pqxx::result::size_type>(i)]; row[taken].as<bool>())
      out[i].started = read_started(row, taken + 1);
  return out;
}

/// The arguments of fire_batch, in its order, and `takes`, which fire_plain_batch has.
struct firing_rows {
  std::string cues, next_runs, crons, zones, policies, windows, followings, exhausted;
  std::string instants, executions, backfilled, missed, turns, newest, takes;
};

std::optional<std::string> written(const std::optional<instant>& t) {
  return t ? std::optional{write_instant(*t)} : std::nullopt;
}

std::vector<const firing*> in_order(const std::vector<firing>& due) {
  std::vector<const firing*> sorted;
  sorted.reserve(due.size());
  for (const auto& f : due)
    sorted.push_back(&f);
  std::ranges::sort(sorted, {}, [](const firing* f) -> const std::string& { return f->cue.cue_id; });
  return sorted;
}

bool is_plain(const firing* f) { return f->slots.size() == 1 && !f->slots.front().missed; }

/// Of firings in the order of their cues.
firing_rows rows_of(const std::vector<const firing*>& sorted) {
  array_builder cues, next_runs, crons, zones, policies, windows, followings, exhausted;
  array_builder instants, executions, backfilled, missed, turns, newest, takes;
  const auto add_cue = [&](const firing& f) {
    cues.add(f.cue.cue_id);
    next_runs.add(write_instant(f.cue.next_run));
    crons.add(f.cue.cron);
    zones.add(f.cue.time_zone);
    policies.add_or_null(f.cue.catch_up);
    windows.add_or_null(f.cue.catch_up_window_seconds ? std::optional{std::to_string(*f.cue.catch_up_window_seconds)}
                                                      : std::nullopt);
    followings.add_or_null(written(f.following));
    exhausted.add(f.exhausted ? "t" : "f");
  };
  const auto add_slot = [&](const firing& f, const slot_firing* slot, std::size_t turn) {
    instants.add_or_null(slot ? written(slot->at) : std::nullopt);
    executions.add_or_null(slot ? std::optional{slot->execution_id} : std::nullopt);
    backfilled.add(slot && slot->backfilled ? "t" : "f");
    missed.add(slot && slot->missed ? "t" : "f");
    takes.add(slot && slot->take ? "t" : "f");
    turns.add(std::to_string(turn));
    newest.add_or_null(slot ? written(f.slots.back().at) : std::nullopt);
  };
  for (const auto* f : sorted) {
    if (f->slots.empty()) {
      add_cue(*f);
      add_slot(*f, nullptr, 0);
    }
    for (std::size_t i = 0; i < f->slots.size(); ++i) {
      add_cue(*f);
      add_slot(*f, &f->slots[i], i + 1);
    }
  }
  return {std::move(cues).str(),       std::move(next_runs).str(),  std::move(crons).str(),
          std::move(zones).str(),      std::move(policies).str(),   std::move(windows).str(),
          std::move(followings).str(), std::move(exhausted).str(),  std::move(instants).str(),
          std::move(executions).str(), std::move(backfilled).str(), std::move(missed).str(),
          std::move(turns).str(),      std::move(newest).str(),     std::move(takes).str()};
}

std::vector<ended_badly> given_up_in(const std::vector<const firing*>& due) {
  std::vector<ended_badly> out;
  for (const auto* f : due)
    for (const auto& slot : f->slots)
      if (slot.missed)
        out.push_back({slot.execution_id});
  return out;
}

} // namespace

result<std::vector<armed_cue>> postgres_clock_store::armed_until(instant horizon, std::size_t limit,
                                                                 const armed_position& from) {
  const auto after = from.next_run ? write_instant(*from.next_run) : std::string{"-infinity"};
  return link_.run([&](session& s) -> result<std::vector<armed_cue>> {
    std::vector<armed_cue> out;
    for (const auto& row :
         s.exec(armed_until_horizon, write_instant(horizon), static_cast<long>(limit), after, from.cue_id))
      out.push_back(read_armed(row));
    return out;
  });
}

result<std::vector<armed_cue>> postgres_clock_store::find_armed(const std::vector<std::string>& cue_ids) {
  array_builder ids;
  for (const auto& id : cue_ids)
    ids.add(id);
  const auto list = std::move(ids).str();
  return link_.run([&](session& s) -> result<std::vector<armed_cue>> {
    std::vector<armed_cue> out;
    for (const auto& row : s.exec(armed_cues_by_id, list))
      out.push_back(read_armed(row));
    return out;
  });
}

postgres_clock_store::postgres_clock_store(connection_options options, const node_seat* seat,
                                           postgres_delivery_store::monthly_limit limit)
    : link_{by_keys(std::move(options))}, limit_{limit}, seat_{seat} {}

std::vector<named_query> postgres_clock_store::statements() {
  return {armed_until_horizon, armed_cues_by_id, fire_batch, fire_plain_batch, await_cues, taken_when_fired};
}

result<std::vector<fired_slot>> postgres_clock_store::fire(const std::vector<firing>& due) {
  auto rest = in_order(due);
  const bool tries_plain = plain_.now();
  auto fired = tries_plain ? fire_plain(rest) : std::vector<fired_slot>{};
  if (!fired || rest.empty())
    return fired;
  auto others = fire_all(rest);
  if (!others && fired->empty())
    return others;
  if (!others) { // their cues are looked at again, for they are missing from the answer
    spdlog::warn("{} of {} cues could not be fired with the others: {}", rest.size(), due.size(),
                 others.error().message);
    return fired;
  }
  if (tries_plain)
    plain_.came_to(fired->size(), fired->size() + others->size());
  std::ranges::move(*others, std::back_inserter(*fired));
  return fired;
}

/// Fires those that are plain, and takes them out of `due`.
result<std::vector<fired_slot>> postgres_clock_store::fire_plain(firing_batch& due) {
  firing_batch chosen;
  std::ranges::copy_if(due, std::back_inserter(chosen), is_plain);
  if (2 * chosen.size() < due.size())
    return std::vector<fired_slot>{};
  const auto rows = rows_of(chosen);
  const auto epoch = epoch_of(seat_);
  const bool limited = limit_ == postgres_delivery_store::monthly_limit::enforced;
  bool asked = false;
  auto fired = link_.run([&](session& s) -> result<std::vector<fired_slot>> {
    asked = true;
    try {
      return read_plain_slots(s.exec(fire_plain_batch, rows.cues, rows.next_runs, rows.crons, rows.zones, rows.policies,
                                     rows.windows, rows.followings, rows.exhausted, rows.instants, rows.executions,
                                     rows.backfilled, rows.takes, epoch, limited));
    } catch (const pqxx::unique_violation&) { // fire_all moves that cue on without it
      return std::vector<fired_slot>{};
    }
  });
  if (!fired && asked && fired.error().status == 503)
    note_doubts(chosen, epoch);
  if (!fired)
    return fired;
  std::unordered_set<std::string_view> done;
  for (const auto& slot : *fired)
    done.insert(slot.cue_id);
  std::erase_if(due, [&](const firing* f) { return done.contains(f->cue.cue_id); });
  return fired;
}

/// Fires them, whatever they are, or none.
result<std::vector<fired_slot>> postgres_clock_store::fire_all(const firing_batch& due) {
  const auto rows = rows_of(due);
  const auto given_up = given_up_in(due);
  const auto fire_them = [&](session& s) -> result<std::vector<fired_slot>> {
    auto out = read_slots(s.exec(fire_batch, rows.cues, rows.next_runs, rows.crons, rows.zones, rows.policies,
                                 rows.windows, rows.followings, rows.exhausted, rows.instants, rows.executions,
                                 rows.backfilled, rows.missed, rows.turns, rows.newest, epoch_of(seat_)));
    write_escalations(s, given_up);
    return out;
  };
  return given_up.empty() ? link_.run(fire_them) : link_.in_transaction(fire_them);
}

void postgres_clock_store::note_doubts(const firing_batch& due, std::optional<std::int64_t> epoch) {
  for (const auto* f : due)
    if (const auto& slot = f->slots.front(); slot.take)
      doubts_.push_back({f->cue.cue_id, slot.execution_id, epoch});
}

/// What an epoch took that is over, others find.
result<std::vector<started_delivery>> postgres_clock_store::taken_in_doubt() {
  const auto epoch = epoch_of(seat_);
  std::erase_if(doubts_, [&](const doubt& one) { return one.epoch != epoch; });
  if (doubts_.empty())
    return std::vector<started_delivery>{};
  array_builder cues, executions;
  for (const auto& one : doubts_) {
    cues.add(one.cue_id);
    executions.add(one.execution_id);
  }
  const auto cue_list = std::move(cues).str();
  const auto execution_list = std::move(executions).str();
  auto found = link_.in_transaction([&](session& s) -> result<std::vector<started_delivery>> {
    s.exec(await_cues, cue_list);
    std::vector<started_delivery> out;
    for (const auto& row : s.exec(taken_when_fired, execution_list, epoch))
      out.push_back(read_started(row, 0));
    return out;
  });
  if (found)
    doubts_.clear();
  return found;
}

} // namespace cued::persistence
