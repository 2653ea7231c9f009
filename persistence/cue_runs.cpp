#include "persistence/cue_runs.hpp"

#include <algorithm>

namespace cued::persistence {
namespace {

/// Of a portion.
constexpr std::size_t cues_at_once = 500;

/// Reads the whole journal, which is as long as what ran since the last fold, and what a held snapshot keeps of it.
constexpr named_query cues_with_runs{"cues_with_runs", R"sql(
  SELECT cue_id, min(last_run) FROM cued.cue_runs GROUP BY cue_id ORDER BY cue_id
)sql"};

/// $1 cues in the order of their ids, $2 since when there are runs of each. Rows of the journal are found before they
/// are deleted, so that the planner has no other way than the index; nobody updates one, so their places stay theirs.
/// Locks: rows of the journal in the order of their cues, then the cues in id order. A last_run that lies
/// ahead of now is of a clock that was wrong, and goes. Index: cue_runs_by_cue, cues_pkey.
constexpr named_query fold_runs{"fold_cue_runs", R"sql(
  WITH folded AS (
    DELETE FROM cued.cue_runs j
    USING unnest($1::text[], $2::timestamptz[]) AS a(cue_id, since) CROSS JOIN LATERAL (
      SELECT k.ctid AS place FROM cued.cue_runs k WHERE k.cue_id = a.cue_id AND k.last_run >= a.since OFFSET 0
    ) AS found
    WHERE j.ctid = found.place
    RETURNING j.cue_id, j.last_run, j.runs
  ), change AS (
    SELECT cue_id, sum(runs)::int AS runs, max(last_run) AS last_run FROM folded GROUP BY cue_id ORDER BY cue_id
  )
  UPDATE cues c
  SET run_count = c.run_count + x.runs, updated_at = greatest(c.updated_at, x.last_run),
      last_run = CASE WHEN c.last_run > x.last_run AND c.last_run <= now() THEN c.last_run ELSE x.last_run END
  FROM change x
  WHERE c.id = x.cue_id
)sql"};

/// See connection_options::by_keys_only: the journal is nearly empty whenever statistics are taken.
constexpr const char* by_keys_only = "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; "
                                     "SET LOCAL enable_mergejoin = off";

} // namespace

result<std::size_t> run_fold::next(connection& db) {
  if (left_.empty()) {
    const auto looked = db.run([&](session& s) -> result<void> {
      left_.clear();
      for (const auto& row : s.exec(cues_with_runs))
        left_.push_back({row[0].c_str(), row[1].c_str()});
      return {};
    });
    if (!looked)
      return fail(looked.error());
  }
  const auto count = std::min(left_.size(), cues_at_once);
  if (count == 0)
    return 0;
  array_builder ids, since;
  for (std::size_t i = 0; i < count; ++i) {
    ids.add(left_[i].cue_id);
    since.add(left_[i].since);
  }
  const auto id_list = std::move(ids).str(), since_list = std::move(since).str();
  const auto folded = db.in_transaction([&](session& s) -> result<void> {
    s.exec_text(by_keys_only);
    s.exec(fold_runs, id_list, since_list);
    return {};
  });
  if (!folded)
    return fail(folded.error());
  left_.erase(left_.begin(), left_.begin() + static_cast<std::ptrdiff_t>(count));
  return left_.size();
}

result<void> fold_cue_runs(connection& db) {
  run_fold fold;
  for (;;) {
    const auto left = fold.next(db);
    if (!left)
      return fail(left.error());
    if (*left == 0)
      return {};
  }
}

named_query fold_statement() { return fold_runs; }

} // namespace cued::persistence
