-- What a cue may ask for beyond the reference. All columns are nullable and NULL means the reference's behaviour; its
-- own statements name their columns and never see these.
ALTER TABLE cues
  -- Missed instants: all (NULL), latest, none; only those that are not older than the window.
  ADD COLUMN IF NOT EXISTS catch_up varchar(10),
  ADD COLUMN IF NOT EXISTS catch_up_window_seconds integer,
  -- An instant that comes while an earlier execution is still open: allow (NULL), skip, queue_one.
  ADD COLUMN IF NOT EXISTS overlap_policy varchar(10),
  -- No outcome this long after the delivery or claim: outcome_timeout.
  ADD COLUMN IF NOT EXISTS outcome_deadline_seconds integer,
  -- Waits between attempts, instead of retry_backoff_minutes: array of seconds; spread by up to this percentage.
  ADD COLUMN IF NOT EXISTS retry_backoff_seconds jsonb,
  ADD COLUMN IF NOT EXISTS retry_jitter_percent integer;

ALTER TABLE executions
  -- Made for an instant that had passed long before: late by policy, not by accident.
  ADD COLUMN IF NOT EXISTS backfilled boolean;

-- Deadlines that are running, by their end and by their cue. Few rows have one.
CREATE INDEX IF NOT EXISTS cued_executions_outcome_deadline ON executions (outcome_deadline_at)
  WHERE outcome_deadline_at IS NOT NULL AND outcome_recorded_at IS NULL
    AND status IN ('success', 'delivering', 'pending_outcome');
CREATE INDEX IF NOT EXISTS cued_executions_awaited ON executions (cue_id, scheduled_for)
  WHERE outcome_deadline_at IS NOT NULL AND outcome_recorded_at IS NULL
    AND status IN ('success', 'delivering', 'pending_outcome');

-- The reference knows three types of alert and reads the column as text; this only loosens the check.
ALTER TABLE alerts DROP CONSTRAINT IF EXISTS valid_alert_type;
ALTER TABLE alerts ADD CONSTRAINT valid_alert_type CHECK (alert_type IN (
  'outcome_timeout', 'verification_failed', 'consecutive_failures', 'quota_exceeded', 'worker_offline'));

-- Messages about what happened, on their way to the people who asked for them: the webhook of an alert, the webhook of
-- an escalation (on_failure), a mail. Written in the transaction of what they tell of, so none can be lost between.
CREATE TABLE IF NOT EXISTS cued.notices (
  id              bigserial   NOT NULL PRIMARY KEY,
  kind            text        NOT NULL CHECK (kind IN ('alert', 'escalation', 'mail')),
  user_id         uuid        NOT NULL,
  alert_id        uuid,
  cue_id          varchar(20),
  execution_id    uuid,
  content         jsonb       NOT NULL,
  status          text        NOT NULL CHECK (status IN ('pending', 'sending', 'delivered', 'failed', 'dropped')),
  attempts        integer     NOT NULL DEFAULT 0,
  next_attempt_at timestamptz NOT NULL DEFAULT now(),
  http_status     integer,
  last_error      text,
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  delivered_at    timestamptz
);
CREATE INDEX IF NOT EXISTS notices_due ON cued.notices (next_attempt_at) WHERE status IN ('pending', 'sending');
CREATE UNIQUE INDEX IF NOT EXISTS notices_alert ON cued.notices (alert_id) WHERE alert_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS notices_failed ON cued.notices (updated_at) WHERE status = 'failed';

-- When a user first went over the month's executions: a day of grace from then on (spec/alerts-usage.md §6), and whether
-- the block was told.
CREATE TABLE IF NOT EXISTS cued.quota_grace (
  user_id     uuid        NOT NULL,
  month_start date        NOT NULL,
  started_at  timestamptz NOT NULL,
  told_at     timestamptz,
  PRIMARY KEY (user_id, month_start)
);

-- Workers whose silence was told, once per outage.
CREATE TABLE IF NOT EXISTS cued.silent_workers (
  user_id   uuid         NOT NULL,
  worker_id varchar(255) NOT NULL,
  told_at   timestamptz  NOT NULL DEFAULT now(),
  PRIMARY KEY (user_id, worker_id)
);

-- A fire that may be repeated without firing twice: what the first one with the key has made (spec/clients.md §9.1 #7).
-- Kept for a day; emptied by the hourly clean-up.
CREATE TABLE IF NOT EXISTS cued.fire_keys (
  cue_id         varchar(20) NOT NULL,
  key            text        NOT NULL,
  request_digest text        NOT NULL,
  execution_id   uuid        NOT NULL,
  created_at     timestamptz NOT NULL,
  PRIMARY KEY (cue_id, key)
);
CREATE INDEX IF NOT EXISTS fire_keys_created ON cued.fire_keys (created_at);
