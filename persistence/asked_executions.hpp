#pragma once

/// How a batch of ids becomes rows: from what was asked (`a`: id, user_id) to the executions `e`, from these to their
/// cues `c`, whose owner is compared last. Plans are made once for each connection, often while the tables are nearly
/// empty, so the planner is left no other way: the owner cannot be looked at before the execution is known, and
/// executions are not looked up by cue. Whatever it does, executions are met, and locked, in the order of their ids.
/// With plain `=` it took all cues of the tenant times all that was asked: 500 rows of a tenant with 100 cues took 68
/// ms instead of 9. Index: executions_pkey, cues_pkey.
namespace cued::persistence {

#define CUED_IS_ASKED_FOR                                                                                              \
  "e.id = a.id AND c.id = e.cue_id || '' AND c.user_id = CASE WHEN e.cue_id <> '' THEN a.user_id END"

} // namespace cued::persistence
