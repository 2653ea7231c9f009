-- What makes claims and outcomes cheap. PostgreSQL (15 at least) writes a new entry into every index of a table when an
-- update changes a column that any index names, even if only in its predicate. So no index of executions names a column
-- that claims, attempts and outcomes change; what is open is found in a small table beside it.

-- The reference's retry poller uses it as before: status is a filter on the few rows that have a next_retry.
DROP INDEX IF EXISTS idx_executions_retries;
CREATE INDEX idx_executions_retries ON executions (next_retry) WHERE next_retry IS NOT NULL;

-- Every execution that is not at its end, or whose outcome deadline runs, has its row here. Not the other way round: a
-- row may be left behind, so whoever reads it looks at the execution as well, and the hourly clean-up removes it.
CREATE TABLE IF NOT EXISTS cued.open_executions (
  cue_id        varchar(20) NOT NULL,
  scheduled_for timestamptz NOT NULL,
  execution_id  uuid        NOT NULL,
  -- Whose workers may claim it; NULL for webhooks. Owner and transport of a cue never change.
  worker_of     uuid,
  -- The execution's outcome_deadline_at.
  deadline_at   timestamptz,
  PRIMARY KEY (cue_id, scheduled_for)
) WITH (
  -- It turns over completely every few seconds at full load, and stays as small as it is vacuumed often.
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
  autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 100000,
  autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 20000, autovacuum_vacuum_cost_delay = 0
);
CREATE INDEX IF NOT EXISTS open_executions_ready ON cued.open_executions (worker_of, scheduled_for)
  WHERE worker_of IS NOT NULL;
CREATE INDEX IF NOT EXISTS open_executions_deadline ON cued.open_executions (deadline_at)
  WHERE deadline_at IS NOT NULL;

-- The functions run with the rights of their owner, like those on users, so that somebody who may only write
-- executions is not stopped by them.
CREATE OR REPLACE FUNCTION cued.executions_made() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO cued.open_executions (cue_id, scheduled_for, execution_id, worker_of, deadline_at)
  SELECT m.cue_id, m.scheduled_for, m.id,
         (SELECT c.user_id FROM public.cues c WHERE c.id = m.cue_id AND c.callback_transport = 'worker'),
         CASE WHEN m.outcome_recorded_at IS NULL THEN m.outcome_deadline_at END
  FROM made m
  WHERE m.status IN ('pending', 'delivering', 'retrying', 'retry_ready')
     OR (m.status IN ('success', 'pending_outcome') AND m.outcome_deadline_at IS NOT NULL
         AND m.outcome_recorded_at IS NULL)
  ON CONFLICT (cue_id, scheduled_for) DO UPDATE -- left behind by an execution that is gone
    SET execution_id = excluded.execution_id, worker_of = excluded.worker_of, deadline_at = excluded.deadline_at;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION cued.execution_reopened() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF (OLD.cue_id, OLD.scheduled_for) <> (NEW.cue_id, NEW.scheduled_for) THEN
    DELETE FROM cued.open_executions
    WHERE cue_id = OLD.cue_id AND scheduled_for = OLD.scheduled_for AND execution_id = OLD.id;
  END IF;
  IF NEW.status IN ('pending', 'delivering', 'retrying', 'retry_ready')
     OR (NEW.status IN ('success', 'pending_outcome') AND NEW.outcome_deadline_at IS NOT NULL
         AND NEW.outcome_recorded_at IS NULL) THEN
    INSERT INTO cued.open_executions (cue_id, scheduled_for, execution_id, worker_of, deadline_at)
    VALUES (NEW.cue_id, NEW.scheduled_for, NEW.id,
            (SELECT c.user_id FROM public.cues c WHERE c.id = NEW.cue_id AND c.callback_transport = 'worker'),
            CASE WHEN NEW.outcome_recorded_at IS NULL THEN NEW.outcome_deadline_at END)
    ON CONFLICT (cue_id, scheduled_for) DO UPDATE
      SET execution_id = excluded.execution_id, worker_of = excluded.worker_of, deadline_at = excluded.deadline_at;
  END IF;
  RETURN NULL;
END $$;

-- Locks the table against writers until the migration is committed, so what is filled in below is complete.
DROP TRIGGER IF EXISTS cued_executions_made ON executions;
CREATE TRIGGER cued_executions_made AFTER INSERT ON executions REFERENCING NEW TABLE AS made
  FOR EACH STATEMENT EXECUTE FUNCTION cued.executions_made();
-- The condition is false for everything that the hot path does, unless a deadline starts.
DROP TRIGGER IF EXISTS cued_execution_reopened ON executions;
CREATE TRIGGER cued_execution_reopened AFTER UPDATE ON executions FOR EACH ROW
  WHEN ((OLD.status NOT IN ('pending', 'delivering', 'retrying', 'retry_ready')
         AND (NEW.status IN ('pending', 'delivering', 'retrying', 'retry_ready')
              OR (NEW.status IN ('success', 'pending_outcome') AND NEW.outcome_deadline_at IS NOT NULL
                  AND NEW.outcome_recorded_at IS NULL)))
        OR OLD.outcome_deadline_at IS DISTINCT FROM NEW.outcome_deadline_at
        OR (OLD.outcome_recorded_at IS NOT NULL AND NEW.outcome_recorded_at IS NULL)
        OR OLD.scheduled_for <> NEW.scheduled_for OR OLD.cue_id <> NEW.cue_id)
  EXECUTE FUNCTION cued.execution_reopened();

INSERT INTO cued.open_executions (cue_id, scheduled_for, execution_id, worker_of, deadline_at)
SELECT e.cue_id, e.scheduled_for, e.id, CASE WHEN c.callback_transport = 'worker' THEN c.user_id END,
       CASE WHEN e.outcome_recorded_at IS NULL THEN e.outcome_deadline_at END
FROM executions e LEFT JOIN cues c ON c.id = e.cue_id
WHERE e.status IN ('pending', 'delivering', 'retrying', 'retry_ready')
   OR (e.status IN ('success', 'pending_outcome') AND e.outcome_deadline_at IS NOT NULL
       AND e.outcome_recorded_at IS NULL)
ON CONFLICT (cue_id, scheduled_for) DO NOTHING;

DROP INDEX IF EXISTS cued_executions_open;
DROP INDEX IF EXISTS cued_executions_outcome_deadline;
DROP INDEX IF EXISTS cued_executions_awaited;

-- A row doubles in size from its creation to its outcome, and each of its versions stays in its page until nobody can
-- see it any more.
ALTER TABLE executions SET (fillfactor = 50);
