#pragma once

/// The SQL of "which executions are not at their end?" and of "is an earlier execution of this cue still under way?",
/// which is what overlap policies ask. Source: docs/policies.md; spec/executions.md §4 (the states).
///
/// The way to what is open is cued.open_executions. Whoever inserts or reopens an execution, triggers put it there
/// (migration 0008); a statement of ours that ends one takes it out in the same commit; what other hands ended stays
/// until the clean-up. So its rows are a superset: every reader joins executions by id and looks at the row itself.
namespace cued::persistence {

/// Delivered or claimed, and its cue's outcome deadline runs. `e` is the alias of executions.
#define CUED_AWAITS_OUTCOME(e)                                                                                         \
  e ".outcome_deadline_at IS NOT NULL AND " e ".outcome_recorded_at IS NULL AND " e                                    \
    ".status IN ('success', 'delivering', 'pending_outcome')"

/// Still to be delivered or claimed, or being worked on.
#define CUED_IS_UNFINISHED(e) e ".status IN ('pending', 'delivering', 'retrying', 'retry_ready')"

/// Takes the executions in `ended` (with id, cue_id, scheduled_for), whose rows the statement has locked, out of the
/// open ones. Index: open_executions_pkey.
#define CUED_CLOSE(ended)                                                                                              \
  "DELETE FROM cued.open_executions o USING " ended                                                                    \
  " x WHERE o.cue_id = x.cue_id AND o.scheduled_for = x.scheduled_for AND o.execution_id = x.id"

/// A scheduled execution of a `queue_one` cue that has to wait because an older one is under way. Aliases: `e`
/// executions, `c` cues. Costs nothing for other cues. What was asked for by hand never waits.
/// Index: open_executions_pkey, executions_pkey.
#define CUED_IS_HELD_BACK                                                                                              \
  "(c.overlap_policy IS NOT DISTINCT FROM 'queue_one' AND e.triggered_by IS NULL AND e.status = 'pending' AND "        \
  "EXISTS (SELECT 1 FROM cued.open_executions ahead JOIN executions older ON older.id = ahead.execution_id "           \
  "WHERE ahead.cue_id = e.cue_id AND ahead.scheduled_for < e.scheduled_for "                                           \
  "AND (" CUED_IS_UNFINISHED("older") " OR (" CUED_AWAITS_OUTCOME("older") "))))"

/// What waits for the execution in row `l` (with id, cue_id, overlap_policy) of a `queue_one` cue, if `ended` holds: a
/// lateral subquery named `next`. As of before this statement: who is told of it still has to ask CUED_IS_HELD_BACK.
/// Index: open_executions_pkey, executions_pkey.
#define CUED_NEXT_IN_LINE(l, ended)                                                                                    \
  "LATERAL (SELECT e.id, e.scheduled_for FROM cued.open_executions behind "                                            \
  "JOIN executions e ON e.id = behind.execution_id "                                                                   \
  "WHERE " l ".overlap_policy = 'queue_one' AND " ended " AND behind.cue_id = " l ".cue_id AND e.id <> " l             \
  ".id AND e.triggered_by IS NULL AND e.status = 'pending' ORDER BY behind.scheduled_for LIMIT 1) next"

} // namespace cued::persistence
