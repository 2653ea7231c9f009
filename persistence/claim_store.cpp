#include "persistence/claim_store.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "persistence/asked_executions.hpp"
#include "persistence/open_executions.hpp"
#include "persistence/outbox.hpp"

namespace cued::persistence {
namespace {

/// Claims the given executions, each for its own worker; loses silently where another got there first.
/// The rows come sorted by id and are locked in that order by the loop over executions_pkey, so two batches cannot
/// deadlock. A row that this very batch claimed before its commit fell into doubt (same worker, same claimed_at) is
/// written again as it is, and counts as won. From here on the cue's outcome deadline runs, if it has one.
/// `returned` is a list of columns of `e`, `c` and `a`.
/// Index: executions_pkey, cues_pkey. No index entry is written (migration 0008).
/// 100 rows: 0.67 ms; to lock them first and update them then, 0.91 ms and 5.4 kB more of log.
#define CUED_CLAIM(returned)                                                                                           \
  "UPDATE executions e "                                                                                               \
  "SET status = 'delivering', claimed_by_worker = a.worker, claimed_at = $4::timestamptz, "                            \
  "started_at = $4::timestamptz, last_attempt_at = $4::timestamptz, "                                                  \
  "attempts = CASE WHEN e.status = 'pending' THEN e.attempts + 1 ELSE e.attempts END, "                                \
  "outcome_deadline_seconds = c.outcome_deadline_seconds, "                                                            \
  "outcome_deadline_at = $4::timestamptz + make_interval(secs => c.outcome_deadline_seconds), updated_at = now() "     \
  "FROM unnest($1::uuid[], $2::uuid[], $3::text[]) WITH ORDINALITY AS a(id, user_id, worker, nth), cues c "            \
  "WHERE " CUED_IS_ASKED_FOR " AND c.callback_transport = 'worker' "                                                   \
  "AND ((e.status = 'pending' AND e.scheduled_for <= $4::timestamptz AND NOT " CUED_IS_HELD_BACK ") "                  \
  "OR (e.status = 'delivering' AND e.claimed_at = $4::timestamptz AND e.claimed_by_worker = a.worker)) "               \
  "RETURNING " returned

#define CUED_CLAIMED "a.nth, e.scheduled_for, coalesce(e.backfilled, false)"

constexpr named_query claim_batch{"claim_batch", CUED_CLAIM(CUED_CLAIMED)};

/// The same with all that it takes to run them.
constexpr named_query claim_batch_with_work{
    "claim_batch_with_work",
    CUED_CLAIM(CUED_CLAIMED ", e.id, e.cue_id, c.name, CASE WHEN jsonb_typeof((" CUED_EFFECTIVE_PAYLOAD
                            ") -> 'task') = 'string' THEN (" CUED_EFFECTIVE_PAYLOAD
                            ") ->> 'task' END, " CUED_EFFECTIVE_PAYLOAD ", e.attempts")};

/// The tenant's ready list, one walk along the index, from an instant on. Index: open_executions_ready,
/// executions_pkey, cues_pkey.
constexpr named_query ready_for_workers{"ready_for_workers", R"sql(
  SELECT e.id, o.scheduled_for
  FROM cued.open_executions o
  JOIN executions e ON e.id = o.execution_id
  JOIN cues c ON c.id = e.cue_id
  WHERE o.worker_of = $1::uuid AND o.scheduled_for <= $2::timestamptz AND o.scheduled_for >= $4::timestamptz
    AND e.status = 'pending' AND NOT )sql" CUED_IS_HELD_BACK R"sql(
  ORDER BY o.scheduled_for, e.id
  LIMIT $3::int
)sql"};

/// When a claim that waits has to look again. Index: open_executions_ready, executions_pkey.
constexpr named_query next_due_for_workers{"next_due_for_workers", R"sql(
  SELECT o.scheduled_for
  FROM cued.open_executions o
  JOIN executions e ON e.id = o.execution_id
  WHERE o.worker_of = $1::uuid AND o.scheduled_for > $2::timestamptz AND e.status = 'pending'
  ORDER BY o.scheduled_for
  LIMIT 1
)sql"};

/// Undoes claims that nobody was told of. A claim is known by worker and instant, so that of the same worker which was
/// granted since stays. The attempt did not take place. `Reset: ` gives the execution its full time to be claimed
/// (miss_unclaimed of deadline_store.cpp). Sorted as in a claim, so that no two batches deadlock.
/// Index: executions_pkey, cues_pkey. No index entry is written.
constexpr named_query give_back_claims{"give_back_claims", R"sql(
  UPDATE executions e
  SET status = 'pending', claimed_by_worker = NULL, claimed_at = NULL, started_at = NULL, outcome_deadline_at = NULL,
      last_attempt_at = CASE WHEN e.attempts > 1 THEN e.last_attempt_at END, attempts = greatest(e.attempts - 1, 0),
      error_message = 'Reset: the answer to its claim was lost', updated_at = now()
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[]) WITH ORDINALITY AS a(id, user_id, worker, at, nth),
       cues c
  WHERE )sql" CUED_IS_ASKED_FOR R"sql( AND e.status = 'delivering'
    AND e.claimed_at = a.at AND e.claimed_by_worker = a.worker AND e.outcome_recorded_at IS NULL
  RETURNING a.nth, e.scheduled_for
)sql"};

/// Where things stand in the rows of a claim.
enum column : pqxx::row::size_type { nth, scheduled_for, backfilled, id, cue_id, cue_name, task, payload, attempts };

claimed_work read_work(const pqxx::row& row) {
  claimed_work out;
  out.execution_id = row[id].c_str();
  out.cue_id = row[cue_id].c_str();
  out.cue_name = row[cue_name].c_str();
  if (!row[task].is_null())
    out.task = row[task].c_str();
  out.scheduled_for = read_instant(row[scheduled_for].c_str());
  out.payload_json = row[payload].c_str();
  out.attempts = row[attempts].as<int>();
  return out;
}

/// Which attempts go to the database: sorted by execution, and of several by one tenant on one execution the first.
std::vector<std::size_t> chosen_of(const std::vector<claim_attempt>& attempts) {
  std::vector<std::size_t> chosen(attempts.size());
  std::iota(chosen.begin(), chosen.end(), std::size_t{0});
  const auto key = [&](std::size_t i) { return std::tie(attempts[i].execution_id, attempts[i].user_id); };
  std::ranges::stable_sort(chosen, {}, key);
  const auto repeated = std::ranges::unique(chosen, {}, key);
  chosen.erase(repeated.begin(), repeated.end());
  return chosen;
}

} // namespace

postgres_claim_store::postgres_claim_store(connection_options options) : link_{by_keys(std::move(options))} {}

std::vector<named_query> postgres_claim_store::statements() {
  return {claim_batch, claim_batch_with_work, ready_for_workers, next_due_for_workers, give_back_claims};
}

result<std::vector<std::optional<claimed_execution>>>
postgres_claim_store::claim(const std::vector<claim_attempt>& attempts, instant at) {
  const auto chosen = chosen_of(attempts);
  const bool with_work = std::ranges::any_of(attempts, &claim_attempt::with_work);
  array_builder ids, users, workers;
  for (const auto i : chosen) {
    ids.add(attempts[i].execution_id);
    users.add(attempts[i].user_id);
    workers.add(attempts[i].worker_id);
  }
  const auto id_list = std::move(ids).str(), user_list = std::move(users).str(), worker_list = std::move(workers).str();
  return link_.run([&](session& s) -> result<std::vector<std::optional<claimed_execution>>> {
    const auto rows =
        s.exec(with_work ? claim_batch_with_work : claim_batch, id_list, user_list, worker_list, write_instant(at));
    std::vector<std::optional<claimed_execution>> won(attempts.size());
    for (const auto& row : rows) {
      const auto i = chosen.at(row[nth].as<std::size_t>() - 1);
      won[i] = claimed_execution{read_instant(row[scheduled_for].c_str()), row[backfilled].as<bool>()};
      if (attempts[i].with_work)
        won[i]->work = read_work(row);
    }
    return won;
  });
}

result<std::vector<ready_execution>> postgres_claim_store::ready(const std::string& user_id, instant now,
                                                                 std::size_t limit) {
  const auto began = ready_looks::clock::now();
  const auto from = looks_.begin(user_id, began);
  auto found = link_.run([&](session& s) -> result<std::vector<ready_execution>> {
    std::vector<ready_execution> out;
    for (const auto& row : s.exec(ready_for_workers, user_id, write_instant(now), static_cast<long>(limit),
                                  from ? write_instant(*from) : std::string{"-infinity"}))
      out.push_back({read_instant(row[1].c_str()), row[0].c_str()});
    return out;
  });
  if (found && !from)
    looks_.ended(user_id, began, ready_looks::clock::now(),
                 found->empty() ? std::nullopt : std::optional{found->front().scheduled_for}, now);
  return found;
}

result<std::optional<instant>> postgres_claim_store::next_due(const std::string& user_id, instant now) {
  return link_.run([&](session& s) -> result<std::optional<instant>> {
    const auto rows = s.exec(next_due_for_workers, user_id, write_instant(now));
    return rows.empty() ? std::nullopt : std::optional{read_instant(rows[0][0].c_str())};
  });
}

result<std::vector<std::optional<instant>>> postgres_claim_store::give_back(const std::vector<held_claim>& claims) {
  std::vector<std::size_t> order(claims.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return std::tie(claims[i].execution_id); });
  array_builder ids, users, workers, instants;
  for (const auto i : order) {
    ids.add(claims[i].execution_id);
    users.add(claims[i].user_id);
    workers.add(claims[i].worker_id);
    instants.add(write_instant(claims[i].claimed_at));
  }
  const auto id_list = std::move(ids).str(), user_list = std::move(users).str(), worker_list = std::move(workers).str(),
             instant_list = std::move(instants).str();
  return link_.run([&](session& s) -> result<std::vector<std::optional<instant>>> {
    std::vector<std::optional<instant>> returned(claims.size());
    for (const auto& row : s.exec(give_back_claims, id_list, user_list, worker_list, instant_list))
      returned[order.at(row[0].as<std::size_t>() - 1)] = read_instant(row[1].c_str());
    return returned;
  });
}

} // namespace cued::persistence
