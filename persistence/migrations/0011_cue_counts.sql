-- How many cues an account has, by status, without counting them: what POST /v1/cues holds the limit by, and the totals
-- of GET /v1/cues.

-- What changed since the last fold. Whoever changes cues only ever adds rows here, and no unique index stands in the
-- way: so nobody waits for anybody, in whatever order the clocks, outcomes and creates of many accounts come. A row of
-- numbers per account, updated in place, would be locked by all of them until they commit.
CREATE TABLE IF NOT EXISTS cued.cue_count_changes (
  user_id   uuid    NOT NULL,
  -- The transaction that made the change.
  made_by   xid8    NOT NULL DEFAULT pg_current_xact_id(),
  -- All of them, whatever their status, and those in each.
  cues      integer NOT NULL,
  active    integer NOT NULL,
  paused    integer NOT NULL,
  completed integer NOT NULL,
  failed    integer NOT NULL
) WITH (
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
  autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 100000,
  autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 20000, autovacuum_vacuum_cost_delay = 0
);
CREATE INDEX IF NOT EXISTS cue_count_changes_by_user ON cued.cue_count_changes (user_id, made_by);

-- What was folded: at most one row of an account. Who folds holds the account's lock (the one of its creates), deletes
-- the row and writes a new one. All changes that are not in it have been made by `since` or a later transaction, as
-- numbers of transactions go in the server's life that began at `counted_in`. In another (a backup that was restored
-- elsewhere) they mean nothing, and all changes are read.
-- The count of an account is this row and the changes together. To have all of it counted anew, should anybody have
-- written cues with triggers switched off:
--   BEGIN; LOCK TABLE cues IN SHARE ROW EXCLUSIVE MODE; TRUNCATE cued.cue_counts, cued.cue_count_changes;
--   and the last statement of this file; COMMIT;
CREATE TABLE IF NOT EXISTS cued.cue_counts (
  user_id    uuid        NOT NULL,
  since      xid8        NOT NULL,
  counted_in timestamptz NOT NULL,
  cues       bigint      NOT NULL,
  active     bigint      NOT NULL,
  paused     bigint      NOT NULL,
  completed  bigint      NOT NULL,
  failed     bigint      NOT NULL
) WITH (
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000,
  autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 10000, autovacuum_vacuum_cost_delay = 0
);
-- Read from its end: what was folded before lies behind, where nobody walks past it while a snapshot is held.
CREATE INDEX IF NOT EXISTS cue_counts_by_user ON cued.cue_counts (user_id, since);

-- The functions run with the rights of their owner, like those on users, so that somebody who may only write cues is
-- not stopped by them.
CREATE OR REPLACE FUNCTION cued.cues_made() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO cued.cue_count_changes (user_id, cues, active, paused, completed, failed)
  SELECT user_id, count(*), count(*) FILTER (WHERE status = 'active'), count(*) FILTER (WHERE status = 'paused'),
         count(*) FILTER (WHERE status = 'completed'), count(*) FILTER (WHERE status = 'failed')
  FROM made GROUP BY user_id;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION cued.cues_deleted() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO cued.cue_count_changes (user_id, cues, active, paused, completed, failed)
  SELECT user_id, -count(*), -count(*) FILTER (WHERE status = 'active'), -count(*) FILTER (WHERE status = 'paused'),
         -count(*) FILTER (WHERE status = 'completed'), -count(*) FILTER (WHERE status = 'failed')
  FROM gone GROUP BY user_id;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION cued.cue_moved() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF OLD.user_id = NEW.user_id THEN
    INSERT INTO cued.cue_count_changes (user_id, cues, active, paused, completed, failed)
    VALUES (NEW.user_id, 0, (NEW.status = 'active')::int - (OLD.status = 'active')::int,
            (NEW.status = 'paused')::int - (OLD.status = 'paused')::int,
            (NEW.status = 'completed')::int - (OLD.status = 'completed')::int,
            (NEW.status = 'failed')::int - (OLD.status = 'failed')::int);
  ELSE
    INSERT INTO cued.cue_count_changes (user_id, cues, active, paused, completed, failed)
    VALUES (OLD.user_id, -1, -(OLD.status = 'active')::int, -(OLD.status = 'paused')::int,
            -(OLD.status = 'completed')::int, -(OLD.status = 'failed')::int),
           (NEW.user_id, 1, (NEW.status = 'active')::int, (NEW.status = 'paused')::int,
            (NEW.status = 'completed')::int, (NEW.status = 'failed')::int);
  END IF;
  RETURN NULL;
END $$;

-- TRUNCATE sees no snapshot either: what others have committed meanwhile goes as well. It is refused if the statement
-- that emptied cues empties one of these too, or a cursor reads it; then what is left is deleted, while nobody folds.
CREATE OR REPLACE FUNCTION cued.cues_emptied() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  TRUNCATE cued.cue_counts, cued.cue_count_changes;
  RETURN NULL;
EXCEPTION WHEN object_in_use THEN
  LOCK TABLE cued.cue_counts, cued.cue_count_changes IN SHARE ROW EXCLUSIVE MODE;
  DELETE FROM cued.cue_counts;
  DELETE FROM cued.cue_count_changes;
  RETURN NULL;
END $$;

-- What an account has, of what the statement that asks sees. `unfolded`: how many changes the journal has of it. A
-- function, because its plan must not depend on what the journal held when it was made: that is nearly nothing
-- whenever statistics are taken.
CREATE OR REPLACE FUNCTION cued.cue_counts_of(account uuid, OUT cues bigint, OUT active bigint, OUT paused bigint,
                                              OUT completed bigint, OUT failed bigint, OUT unfolded bigint)
  LANGUAGE plpgsql STABLE SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
  folded cued.cue_counts;
BEGIN
  SELECT f.* INTO folded FROM cued.cue_counts f WHERE f.user_id = account ORDER BY f.user_id DESC, f.since DESC LIMIT 1;
  IF folded.counted_in IS DISTINCT FROM pg_postmaster_start_time() THEN
    folded.since := '0';
  END IF;
  SELECT coalesce(sum(j.cues), 0) + coalesce(folded.cues, 0), coalesce(sum(j.active), 0) + coalesce(folded.active, 0),
         coalesce(sum(j.paused), 0) + coalesce(folded.paused, 0),
         coalesce(sum(j.completed), 0) + coalesce(folded.completed, 0),
         coalesce(sum(j.failed), 0) + coalesce(folded.failed, 0), count(*)
  INTO cues, active, paused, completed, failed, unfolded
  FROM cued.cue_count_changes j WHERE j.user_id = account AND j.made_by >= folded.since;
END $$;

-- Locks the table against writers until the migration is committed, so what is filled in below is complete.
DROP TRIGGER IF EXISTS cued_cues_made ON cues;
CREATE TRIGGER cued_cues_made AFTER INSERT ON cues REFERENCING NEW TABLE AS made
  FOR EACH STATEMENT EXECUTE FUNCTION cued.cues_made();
DROP TRIGGER IF EXISTS cued_cues_deleted ON cues;
CREATE TRIGGER cued_cues_deleted AFTER DELETE ON cues REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION cued.cues_deleted();
-- By row and not by statement: the condition is false for nearly everything the clocks and outcomes do, which then
-- costs them nothing, while transition tables would be written for each of their statements.
DROP TRIGGER IF EXISTS cued_cue_moved ON cues;
CREATE TRIGGER cued_cue_moved AFTER UPDATE ON cues FOR EACH ROW
  WHEN (OLD.status <> NEW.status OR OLD.user_id <> NEW.user_id) EXECUTE FUNCTION cued.cue_moved();
DROP TRIGGER IF EXISTS cued_cues_emptied ON cues;
CREATE TRIGGER cued_cues_emptied AFTER TRUNCATE ON cues FOR EACH STATEMENT EXECUTE FUNCTION cued.cues_emptied();

-- Both keep their names and their first column, which the reference's queries use; a page of a list, also of one
-- status, is read from them without sorting what the account has. With a collation of its own `id` is of no use to whoever
-- looks for one cue, so that nobody is led to look for it here.
DROP INDEX IF EXISTS idx_cues_user_id;
CREATE INDEX idx_cues_user_id ON cues (user_id, created_at, id COLLATE "C");
DROP INDEX IF EXISTS idx_cues_status;
CREATE INDEX idx_cues_status ON cues (status, user_id, created_at, id COLLATE "C");

TRUNCATE cued.cue_counts, cued.cue_count_changes;
INSERT INTO cued.cue_counts (user_id, since, counted_in, cues, active, paused, completed, failed)
SELECT user_id, '0', pg_postmaster_start_time(), count(*), count(*) FILTER (WHERE status = 'active'),
       count(*) FILTER (WHERE status = 'paused'), count(*) FILTER (WHERE status = 'completed'),
       count(*) FILTER (WHERE status = 'failed')
FROM cues GROUP BY user_id;
