-- An execution may be taken for delivery by the statement that makes it. Which epoch of which node takes it (migration
-- 0009) that statement says in the setting cued.taken_by, for its row among the open ones is made by this trigger.
CREATE OR REPLACE FUNCTION cued.executions_made() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  taker bigint := nullif(current_setting('cued.taken_by', true), '')::bigint;
BEGIN
  INSERT INTO cued.open_executions (cue_id, scheduled_for, execution_id, worker_of, deadline_at, taken_by,
                                    taken_attempt)
  SELECT m.cue_id, m.scheduled_for, m.id,
         (SELECT c.user_id FROM public.cues c WHERE c.id = m.cue_id AND c.callback_transport = 'worker'),
         CASE WHEN m.outcome_recorded_at IS NULL THEN m.outcome_deadline_at END,
         CASE WHEN m.status = 'delivering' THEN taker END,
         CASE WHEN m.status = 'delivering' AND taker IS NOT NULL THEN m.attempts + 1 END
  FROM made m
  WHERE m.status IN ('pending', 'delivering', 'retrying', 'retry_ready')
     OR (m.status IN ('success', 'pending_outcome') AND m.outcome_deadline_at IS NOT NULL
         AND m.outcome_recorded_at IS NULL)
  ON CONFLICT (cue_id, scheduled_for) DO UPDATE -- left behind by an execution that is gone
    SET execution_id = excluded.execution_id, worker_of = excluded.worker_of, deadline_at = excluded.deadline_at,
        taken_by = excluded.taken_by, taken_attempt = excluded.taken_attempt;
  RETURN NULL;
END $$;
