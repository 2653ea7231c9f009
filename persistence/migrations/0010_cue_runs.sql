-- What keeps claims and outcomes cheap while somebody holds a snapshot.

-- A row more than doubles in size from its creation to its outcome, and each of its versions stays in its page until
-- nobody can see it any more. With 50 a tenth of the updates find no room (half of them while a snapshot is held), and
-- cost half as much log again; with 20 all do, but history is twice as large.
ALTER TABLE executions SET (fillfactor = 33);

-- Runs of worker cues that their rows do not count yet: an outcome does not rewrite its cue, because while anybody
-- holds a snapshot every look-up of a cue walks past all versions of its row. run_count, last_run and updated_at of a
-- cue are therefore some 10 s behind while cued runs; its API adds what is here, and cued itself when it ends.
-- To have them exact without cued:
--   WITH gone AS (DELETE FROM cued.cue_runs RETURNING *),
--        total AS (SELECT cue_id, sum(runs) AS runs, max(last_run) AS last_run FROM gone GROUP BY cue_id)
--   UPDATE cues c SET run_count = c.run_count + t.runs, last_run = greatest(c.last_run, t.last_run)
--   FROM total t WHERE c.id = t.cue_id;
CREATE TABLE IF NOT EXISTS cued.cue_runs (
  cue_id   varchar(20) NOT NULL,
  last_run timestamptz NOT NULL,
  runs     integer     NOT NULL
) WITH (
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
  autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 100000,
  autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 20000, autovacuum_vacuum_cost_delay = 0
);
CREATE INDEX IF NOT EXISTS cue_runs_by_cue ON cued.cue_runs (cue_id, last_run);
