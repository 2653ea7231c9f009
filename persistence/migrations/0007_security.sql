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

-- Whose address is known to be his: an account made by following a link to the address, one whose key was shown together
-- with such a link, and one that another system vouches for. It holds only while `email` is still the account's.
-- Registration proves nothing (spec/auth.md §2.1, QUIRK), so it leaves no row here.
CREATE TABLE IF NOT EXISTS cued.proven_addresses (
  user_id   uuid        NOT NULL PRIMARY KEY,
  email     text        NOT NULL,
  proven_at timestamptz NOT NULL
);

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

-- Every node keeps for a moment who is behind a key. Whatever changes that, whoever does it, is told on the channel
-- `cued_callers` when it commits: the id of the user, or `*`. The functions run with the rights of their owner, so that
-- somebody who may only write `users` (the reference, handed back with this schema) is not stopped by them; and they
-- name no column but the id, so that no column is tied down by a trigger.
CREATE OR REPLACE FUNCTION cued.user_changed() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF to_jsonb(NEW) - 'updated_at' IS DISTINCT FROM to_jsonb(OLD) - 'updated_at' THEN
    PERFORM pg_notify('cued_callers', OLD.id::text);
    IF NEW.id <> OLD.id THEN
      PERFORM pg_notify('cued_callers', NEW.id::text);
    END IF;
  END IF;
  RETURN NULL;
END $$;

-- A user who is made again under the same id must not find the keys of the one who was deleted.
CREATE OR REPLACE FUNCTION cued.user_deleted() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  DELETE FROM cued.api_keys WHERE user_id = OLD.id;
  DELETE FROM cued.previous_secrets WHERE user_id = OLD.id;
  DELETE FROM cued.registered_keys WHERE user_id = OLD.id;
  DELETE FROM cued.proven_addresses WHERE user_id = OLD.id;
  PERFORM pg_notify('cued_callers', OLD.id::text);
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION cued.users_emptied() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  DELETE FROM cued.api_keys;
  DELETE FROM cued.previous_secrets;
  DELETE FROM cued.registered_keys;
  DELETE FROM cued.proven_addresses;
  PERFORM pg_notify('cued_callers', '*');
  RETURN NULL;
END $$;

-- Keys that come are told nobody; that one was used a moment ago changes nothing.
CREATE OR REPLACE FUNCTION cued.key_changed() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    PERFORM pg_notify('cued_callers', OLD.user_id::text);
  ELSIF to_jsonb(NEW) - 'last_used_at' IS DISTINCT FROM to_jsonb(OLD) - 'last_used_at' THEN
    PERFORM pg_notify('cued_callers', OLD.user_id::text);
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION cued.keys_emptied() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM pg_notify('cued_callers', '*');
  RETURN NULL;
END $$;

DROP TRIGGER IF EXISTS cued_user_changed ON users;
CREATE TRIGGER cued_user_changed AFTER UPDATE ON users FOR EACH ROW EXECUTE FUNCTION cued.user_changed();
DROP TRIGGER IF EXISTS cued_user_deleted ON users;
CREATE TRIGGER cued_user_deleted AFTER DELETE ON users FOR EACH ROW EXECUTE FUNCTION cued.user_deleted();
DROP TRIGGER IF EXISTS cued_users_emptied ON users;
CREATE TRIGGER cued_users_emptied AFTER TRUNCATE ON users FOR EACH STATEMENT EXECUTE FUNCTION cued.users_emptied();
DROP TRIGGER IF EXISTS cued_key_changed ON cued.api_keys;
CREATE TRIGGER cued_key_changed AFTER UPDATE OR DELETE ON cued.api_keys
  FOR EACH ROW EXECUTE FUNCTION cued.key_changed();
DROP TRIGGER IF EXISTS cued_keys_emptied ON cued.api_keys;
CREATE TRIGGER cued_keys_emptied AFTER TRUNCATE ON cued.api_keys
  FOR EACH STATEMENT EXECUTE FUNCTION cued.keys_emptied();
