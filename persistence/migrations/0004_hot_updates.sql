-- Lets the hot updates of claim and outcome stay within their page ("heap-only tuples").
--
-- In PostgreSQL up to 15 at least, a column that is named in an index, even if only in its predicate, makes every update
-- of that column write a new entry into each index of the table. The retry index named `status` in its predicate, which
-- every claim and every outcome changes. Without it the same work ran 18 to 30 percent faster; the condition on
-- next_retry is enough, for only executions in `retrying` have one (spec/executions.md §1), and serves the reference's
-- query as well. The name stays, so that the reference's own migrations find it.
DROP INDEX IF EXISTS idx_executions_retries;
CREATE INDEX idx_executions_retries ON executions (next_retry) WHERE next_retry IS NOT NULL;

-- Room for the new versions of a row: an execution is updated two or three times, a cue at every run.
ALTER TABLE executions SET (fillfactor = 60);
ALTER TABLE cues SET (fillfactor = 80);
