-- Named keys, an audit log, secrets that outlive their rotation for a while, and word of changed accounts to every node.
-- All of it is ours alone; the reference neither sees nor breaks any of it.

-- Further API keys of an account, beside the one in users.api_key_hash. Only the SHA-256 of a key is kept. No foreign
-- key: users must stay free to be emptied and dropped alone; what a deleted user leaves goes with the trigger below.
CREATE TABLE IF NOT EXISTS cued.api_keys (
  id           uuid        NOT NULL PRIMARY KEY,
  user_id      uuid        NOT NULL,
  name         text        NOT NULL,
  scope        text        NOT NULL CHECK (scope IN ('full', 'read_only', 'worker')),
  key_hash     text        NOT NULL UNIQUE,
  key_prefix   text        NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  last_used_at timestamptz,
  expires_at   timestamptz,
  revoked_at   timestamptz
);
CREATE INDEX IF NOT EXISTS api_keys_user ON cued.api_keys (user_id, created_at);
-- Two living keys of an account do not share a name.
CREATE UNIQUE INDEX IF NOT EXISTS api_keys_name ON cued.api_keys (user_id, name) WHERE revoked_at IS NULL;

-- Who did what that matters to the security of an account. Written in the transaction of the act; only ever added to.
CREATE TABLE IF NOT EXISTS cued.audit_log (
  id             bigserial   NOT NULL PRIMARY KEY,
  user_id        uuid        NOT NULL,
  occurred_at    timestamptz NOT NULL DEFAULT now(),
  action         text        NOT NULL,
  actor          text        NOT NULL CHECK (actor IN ('api_key', 'session', 'internal', 'device', 'anonymous')),
  key_id         uuid,
  client_address text,
  request_id     text,
  details        jsonb
);
CREATE INDEX IF NOT EXISTS audit_log_user ON cued.audit_log (user_id, id DESC);
-- The table grows in the order of time; its clean-up needs no more than this.
CREATE INDEX IF NOT EXISTS audit_log_occurred ON cued.audit_log USING brin (occurred_at);

-- A signing secret that was replaced but still signs beside its successor until `valid_until`. One per account and kind.
CREATE TABLE IF NOT EXISTS cued.previous_secrets (
  user_id     uuid        NOT NULL,
  kind        text        NOT NULL CHECK (kind IN ('webhook', 'alert_webhook')),
  secret      text        NOT NULL,
  valid_until timestamptz NOT NULL,
  PRIMARY KEY (user_id, kind)
);
