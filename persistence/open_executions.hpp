#pragma once

/// The SQL of "is an earlier execution of this cue still under way?", which is what overlap policies ask.
/// Source: docs/policies.md; spec/executions.md §4 (the states).
namespace cued::persistence {

/// Delivered or claimed, and its cue's outcome deadline runs. `e` is the alias of executions.
/// Word for word the predicate of the indexes cued_executions_outcome_deadline and cued_executions_awaited.
#define CUED_AWAITS_OUTCOME(e)                                                                                         \
  e ".outcome_deadline_at IS NOT NULL AND " e ".outcome_recorded_at IS NULL AND " e                                    \
    ".status IN ('success', 'delivering', 'pending_outcome')"

/// Still to be delivered or claimed, or being worked on. Word for word the predicate of cued_executions_open.
#define CUED_IS_UNFINISHED(e) e ".status IN ('pending', 'delivering', 'retrying', 'retry_ready')"

/// A scheduled execution of a `queue_one` cue that has to wait because an older one is under way. Aliases: `e`
/// executions, `c` cues. Costs nothing for other cues. What was asked for by hand never waits.
/// Index: cued_executions_open, cued_executions_awaited.
#define CUED_IS_HELD_BACK                                                                                              \
  "(c.overlap_policy IS NOT DISTINCT FROM 'queue_one' AND e.triggered_by IS NULL AND e.status = 'pending' AND ("       \
  "EXISTS (SELECT 1 FROM executions older WHERE older.cue_id = e.cue_id AND older.scheduled_for < e.scheduled_for "    \
  "AND " CUED_IS_UNFINISHED("older") ") OR "                                                                           \
                                     "EXISTS (SELECT 1 FROM executions older WHERE older.cue_id = e.cue_id AND "       \
                                     "older.scheduled_for < e.scheduled_for "                                          \
                                     "AND " CUED_AWAITS_OUTCOME("older") ")))"

/// What waits for the execution in row `l` (with id, cue_id, overlap_policy) of a `queue_one` cue, if `ended` holds: a
/// lateral subquery named `next`. As of before this statement: who is told of it still has to ask CUED_IS_HELD_BACK.
/// Index: cued_executions_open.
#define CUED_NEXT_IN_LINE(l, ended)                                                                                    \
  "LATERAL (SELECT e.id, e.scheduled_for FROM executions e WHERE " l ".overlap_policy = 'queue_one' AND " ended        \
  " AND e.cue_id = " l ".cue_id AND e.id <> " l                                                                        \
  ".id AND e.triggered_by IS NULL AND e.status = 'pending' ORDER BY e.scheduled_for LIMIT 1) next"

} // namespace cued::persistence
