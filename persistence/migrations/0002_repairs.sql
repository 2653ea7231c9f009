-- What the reference's program uses but its migrations do not make (spec/schema.md §5). Run on a database that it made,
-- when something of this is missing; harmless where all of it is there. Adding nullable columns rewrites nothing.

ALTER TABLE users ADD COLUMN IF NOT EXISTS api_key_encrypted varchar(256);

ALTER TABLE device_codes
  ADD COLUMN IF NOT EXISTS session_token varchar(64),
  ADD COLUMN IF NOT EXISTS user_id uuid;
CREATE INDEX IF NOT EXISTS ix_device_codes_session_token ON device_codes (session_token);

ALTER TABLE executions
  ADD COLUMN IF NOT EXISTS outcome_deadline_seconds integer,
  ADD COLUMN IF NOT EXISTS outcome_deadline_at timestamptz,
  ADD COLUMN IF NOT EXISTS outcome_state text,
  ADD COLUMN IF NOT EXISTS last_heartbeat_at timestamptz,
  ADD COLUMN IF NOT EXISTS triggered_by varchar(50),
  ADD COLUMN IF NOT EXISTS evidence_external_id varchar(255),
  ADD COLUMN IF NOT EXISTS evidence_result_url text,
  ADD COLUMN IF NOT EXISTS evidence_result_ref varchar(255),
  ADD COLUMN IF NOT EXISTS evidence_result_type varchar(50),
  ADD COLUMN IF NOT EXISTS evidence_summary text,
  ADD COLUMN IF NOT EXISTS evidence_validation_state varchar(20),
  ADD COLUMN IF NOT EXISTS evidence_produced_at timestamptz,
  ADD COLUMN IF NOT EXISTS evidence_artifacts jsonb,
  ADD COLUMN IF NOT EXISTS evidence_metadata jsonb;

-- Two values more than before, so every row that is there passes.
ALTER TABLE executions DROP CONSTRAINT IF EXISTS valid_exec_status;
ALTER TABLE executions ADD CONSTRAINT valid_exec_status CHECK (status IN ('pending', 'delivering', 'success', 'failed',
  'retrying', 'retry_ready', 'missed', 'pending_outcome', 'outcome_timeout'));
