#pragma once

/// What an execution that came to nothing without a delivery of its own (nobody claimed it, nobody reported) does to
/// its cue: a one-time cue fails with it, a recurring one pauses if its owner asked for that. The SET list of an
/// UPDATE. Alias: `c` cues. Source: spec/delivery.md §8, §9.
#define CUED_END_OF_FAILED_CUE                                                                                         \
  "status = CASE WHEN c.schedule_type = 'once' THEN 'failed' "                                                         \
  "WHEN c.status = 'active' AND c.on_failure @> '{\"pause\": true}' THEN 'paused' ELSE c.status END, "                 \
  "next_run = CASE WHEN c.schedule_type <> 'once' AND c.status = 'active' AND c.on_failure @> '{\"pause\": true}' "    \
  "THEN NULL ELSE c.next_run END, updated_at = now()"
