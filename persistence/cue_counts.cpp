#include "persistence/cue_counts.hpp"

#include <vector>

namespace cued::persistence {
namespace {

/// Changes of an account that one statement folds: what a bulk change left is folded in several, none of them long.
constexpr int changes_at_once = 20'000;
/// Of a look for those that need it.
constexpr int accounts_at_once = 200;
/// For the clock, which looks every 10 s or so. What is less is read in a few microseconds.
constexpr int changes_worth_a_look = 32;

constexpr named_query lock_creates{"lock_cue_creates", R"sql(
  SELECT pg_advisory_xact_lock(hashtextextended('cued.create_cue:' || $1::text, 0))
)sql"};

constexpr named_query try_lock_creates{"try_lock_cue_creates", R"sql(
  SELECT pg_try_advisory_xact_lock(hashtextextended('cued.create_cue:' || $1::text, 0))
)sql"};

/// $1 account, $2 changes at most, the oldest first. Changes are found before they are deleted, so that the planner has
/// no other way than the index; nobody updates one, so their places stay theirs. All transactions before the oldest
/// that still runs have ended, and what they changed is seen here; so, unless something was left, readers begin there.
/// A folded row of nothing is not written. Index: cue_counts_by_user, cue_count_changes_by_user.
constexpr named_query fold_counts{"fold_cue_counts", R"sql(
  WITH before AS MATERIALIZED (
    SELECT f.ctid AS place,
           CASE WHEN f.counted_in = pg_postmaster_start_time() THEN f.since ELSE '0'::xid8 END AS since
    FROM cued.cue_counts f WHERE f.user_id = $1::uuid ORDER BY f.since DESC LIMIT 1
  ), found AS MATERIALIZED (
    SELECT j.ctid AS place, j.made_by FROM cued.cue_count_changes j
    WHERE j.user_id = $1::uuid AND j.made_by >= coalesce((SELECT since FROM before), '0'::xid8)
    ORDER BY j.made_by LIMIT $2::int
  ), replaced AS (
    DELETE FROM cued.cue_counts f USING before b WHERE f.ctid = b.place
    RETURNING f.cues, f.active, f.paused, f.completed, f.failed
  ), gone AS (
    DELETE FROM cued.cue_count_changes j USING found WHERE j.ctid = found.place
    RETURNING j.cues, j.active, j.paused, j.completed, j.failed
  ), total AS (
    SELECT sum(cues) AS cues, sum(active) AS active, sum(paused) AS paused, sum(completed) AS completed,
           sum(failed) AS failed
    FROM (SELECT * FROM replaced UNION ALL SELECT * FROM gone) parts
  )
  INSERT INTO cued.cue_counts (user_id, since, counted_in, cues, active, paused, completed, failed)
  SELECT $1::uuid,
         CASE WHEN (SELECT count(*) FROM found) < $2::int THEN pg_snapshot_xmin(pg_current_snapshot())
              ELSE least((SELECT made_by FROM found ORDER BY made_by DESC LIMIT 1),
                         pg_snapshot_xmin(pg_current_snapshot())) END,
         pg_postmaster_start_time(), cues, active, paused, completed, failed
  FROM total
  WHERE cues <> 0 OR active <> 0 OR paused <> 0 OR completed <> 0 OR failed <> 0
)sql"};

/// Reads the whole journal, which is as long as what changed since the last fold, and what a held snapshot keeps of it.
/// Those who are gone are folded to nothing at once. Index: users_pkey.
constexpr named_query accounts_with_changes{"accounts_with_cue_count_changes", R"sql(
  SELECT user_id FROM cued.cue_count_changes j
  GROUP BY user_id
  HAVING count(*) >= $1::int OR NOT EXISTS (SELECT 1 FROM users u WHERE u.id = j.user_id)
  ORDER BY count(*) DESC
  LIMIT $2::int
)sql"};

/// See connection_options::by_keys_only: the journal is nearly empty whenever statistics are taken.
constexpr const char* by_keys_only = "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; "
                                     "SET LOCAL enable_mergejoin = off";

} // namespace

void lock_cue_creates(session& s, const std::string& user_id) { s.exec(lock_creates, user_id); }

void fold_cue_counts_of(session& s, const std::string& user_id) {
  s.exec_text(by_keys_only);
  s.exec(fold_counts, user_id, changes_at_once);
}

result<std::size_t> fold_cue_counts(connection& db) {
  const auto accounts = db.run([&](session& s) -> result<std::vector<std::string>> {
    std::vector<std::string> out;
    for (const auto& row : s.exec(accounts_with_changes, changes_worth_a_look, accounts_at_once))
      out.emplace_back(row[0].c_str());
    return out;
  });
  if (!accounts)
    return fail(accounts.error());
  std::size_t count = 0;
  for (const auto& user_id : *accounts) {
    const auto folded = db.in_transaction([&](session& s) -> result<bool> {
      if (!s.exec(try_lock_creates, user_id)[0][0].as<bool>())
        return false;
      fold_cue_counts_of(s, user_id);
      return true;
    });
    if (!folded)
      return fail(folded.error());
    count += *folded ? 1 : 0;
  }
  return count;
}

named_query fold_cue_counts_statement() { return fold_counts; }

} // namespace cued::persistence
