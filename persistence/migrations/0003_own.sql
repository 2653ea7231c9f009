-- What cued adds to the reference's schema: indexes of ours have the prefix `cued_`, tables live in the schema `cued`,
-- columns are nullable. The reference neither sees nor breaks any of it (spec/schema.md §7.2). All of it can be run
-- again.

CREATE SCHEMA IF NOT EXISTS cued;

-- One row per migration of ours that was applied. The reference's number stays in alembic_version and stays 035.
CREATE TABLE IF NOT EXISTS cued.schema_version (
  version    integer     NOT NULL PRIMARY KEY,
  name       text        NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
);

-- The API takes longer values than these columns held (spec/executions.md §5). varchar to text rewrites nothing, keeps
-- every value, and the reference, which only ever binds text here, does not notice.
ALTER TABLE executions
  ALTER COLUMN evidence_external_id TYPE text,
  ALTER COLUMN evidence_result_ref TYPE text,
  ALTER COLUMN evidence_result_type TYPE text;

-- A cue's history, newest first. Without it a cue that fires each minute sorts its whole past for every page.
CREATE INDEX IF NOT EXISTS cued_executions_cue_created ON executions (cue_id, created_at DESC);

-- A claim marks the outbox row of its execution as dispatched, and deleting an execution cascades to it; the reference
-- has no index for either, so each would read the whole table.
CREATE INDEX IF NOT EXISTS cued_outbox_execution ON dispatch_outbox (execution_id) WHERE execution_id IS NOT NULL;

-- Attempts of a message are counted by its id in the payload.
CREATE INDEX IF NOT EXISTS cued_outbox_message ON dispatch_outbox ((payload ->> 'message_id'))
  WHERE task_type IN ('deliver_message', 'retry_message');

-- The hourly clean-up deletes by age. The table grows in that order, so a few bytes per hundred pages are enough.
CREATE INDEX IF NOT EXISTS cued_outbox_created ON dispatch_outbox USING brin (created_at);

-- Keys that were replaced within the last day: their holders are told `key_rotated` instead of `invalid_api_key`. The
-- reference keeps this in Redis only, where it is lost with Redis (spec/auth.md §2.4). Emptied by the hourly clean-up.
CREATE TABLE IF NOT EXISTS cued.rotated_keys (
  key_hash   text        NOT NULL PRIMARY KEY,
  user_id    uuid        NOT NULL,
  rotated_at timestamptz NOT NULL
);

-- The encrypted copy of a key made by registration, so that its owner can be shown it again. Not in
-- users.api_key_encrypted: what lies there a device login hands out, and for registered accounts it must not
-- (spec/clients.md §9.1 #3). No foreign key: users must stay free to be emptied and dropped alone.
CREATE TABLE IF NOT EXISTS cued.registered_keys (
  user_id           uuid NOT NULL PRIMARY KEY,
  api_key_encrypted text NOT NULL
);
