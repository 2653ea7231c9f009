#pragma once

#include <string>
#include <vector>

#include "persistence/postgres/connection.hpp"

/// The journal of runs, cued.cue_runs (migration 0010): what run_count, last_run and updated_at of recurring cues still
/// lack. A worker's outcome or the last attempt of a webhook does not write its cue's row: while anybody holds a
/// snapshot no version of that row can be removed, and each look-up walks past all of them. It adds a narrow row here
/// instead, in its own statement. Every few seconds the journal is folded into the cues (the deadline clock; and when
/// the process ends), so each row is written once for all its runs.
///
/// Whoever reads counters adds what the journal has, in the same statement, so the API never tells an old number; only
/// the columns themselves are behind, by some 10 s. A row of the journal is written once, and deleted once by the
/// statement that adds it to its cue: nothing counts twice or is lost, however many fold, whoever is killed, and a
/// batch that is repeated finds its outcomes recorded and adds nothing. One-time cues end with their run, so theirs is
/// written at once, and so is the count of an attempt that will be repeated, for it is no run that ended.
namespace cued::persistence {

/// A column of the journal for the cue in row `c` (alias of cues), summed up by `aggregate`; NULL if it has nothing.
/// Only rows that are younger than what was folded, or were a minute late to commit: with that bound nobody walks past
/// all that was folded while a snapshot is held. What should be older all the same counts when it is folded.
/// Index: cue_runs_by_cue.
#define CUED_IN_JOURNAL(aggregate)                                                                                     \
  "(SELECT " aggregate " FROM cued.cue_runs j "                                                                        \
  "WHERE j.cue_id = c.id AND j.last_run > coalesce(c.last_run - interval '1 minute', '-infinity'))"

/// The counters of a cue as they are. `c` is the alias of cues, in a statement that reads its row or holds its lock
/// already: one that waits for the lock would see the cue as it is now, and the journal as it was before.
#define CUED_CUE_COUNTERS                                                                                              \
  "greatest(c.last_run, " CUED_IN_JOURNAL(                                                                             \
      "max(j.last_run)") ") AS last_run, "                                                                             \
                         "c.run_count + coalesce(" CUED_IN_JOURNAL(                                                    \
                             "sum(j.runs)") ", 0) AS run_count, "                                                      \
                                            "greatest(c.updated_at, " CUED_IN_JOURNAL(                                 \
                                                "max(j.last_run)") ") AS updated_at"

/// Folds the journal into the rows of the cues, and removes what belongs to cues that are gone. In portions, so that no
/// commit is long, and whoever does it can do something else in between. May run at the same time as anything else,
/// also as another fold.
class run_fold {
public:
  /// Folds one portion. When there is nothing left of the last look, it looks what there is. Returns of how many cues
  /// is left; 0: all that was there at the look has been folded.
  [[nodiscard]] result<std::size_t> next(connection& db);

private:
  struct journalled {
    std::string cue_id, since;
  };
  std::vector<journalled> left_; ///< in the order of their ids
};

/// All portions.
[[nodiscard]] result<void> fold_cue_runs(connection& db);

/// Its statement, for the test that pins plans.
[[nodiscard]] named_query fold_statement();

} // namespace cued::persistence
