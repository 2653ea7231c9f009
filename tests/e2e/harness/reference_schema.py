"""The tables of cueapi-core as it leaves them, in the two shapes in which they are found (spec/schema.md §1, §6).

Written from the facts and not from our migrations, so that either can be held against the other. Marks in the text tell
the shapes apart: `{M:…}` is only in tables made by its migrations, `{T:…}` only in those made from its models, and
`{R:…}` is what the models have and the migrations forget (§5)."""

import re

_STATUSES = "'pending', 'delivering', 'success', 'failed', 'retrying', 'retry_ready', 'missed'"
_MARK = re.compile(r"\{([MTR]):((?:[^{}]|\{\})*)\}")

MIGRATED = "migrated"  # M: what an installation has
REPAIRED = "repaired"  # M with the repairs R
MODELS = "models"  # T
_KEPT = {MIGRATED: "M", REPAIRED: "MR", MODELS: "TR"}

_TABLES = f"""
CREATE TABLE users (
  id uuid NOT NULL {{M:DEFAULT gen_random_uuid()}} CONSTRAINT users_pkey PRIMARY KEY,
  email varchar(255) NOT NULL {{M:CONSTRAINT users_email_key UNIQUE}},
  api_key_hash varchar(64) NOT NULL,
  api_key_prefix varchar(12) NOT NULL,
  plan varchar(20) NOT NULL {{M:DEFAULT 'free'}},
  {{M:plan_interval varchar(10) DEFAULT 'monthly', plan_period_end timestamptz,}}
  {{M:stripe_customer_id varchar(64), stripe_subscription_id varchar(64),}}
  active_cue_limit int NOT NULL {{M:DEFAULT 10}},
  monthly_execution_limit int NOT NULL {{M:DEFAULT 300}},
  monthly_message_limit int NOT NULL DEFAULT 300,
  rate_limit_per_minute int NOT NULL {{M:DEFAULT 60}},
  slug varchar(64) NOT NULL CONSTRAINT {{M:unique_user_slug}}{{T:users_slug_key}} UNIQUE,
  webhook_secret varchar(80) NOT NULL,
  alert_webhook_url varchar(2048),
  alert_webhook_secret varchar(64),
  external_owner varchar(64),
  {{R:api_key_encrypted varchar(256),}}
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
{{M:CREATE UNIQUE INDEX idx_users_api_key_hash ON users (api_key_hash);}}
{{M:CREATE INDEX idx_users_api_key_prefix ON users (api_key_prefix);}}
{{M:CREATE INDEX idx_users_email ON users (email);}}
{{T:CREATE UNIQUE INDEX ix_users_email ON users (email);}}
{{T:CREATE UNIQUE INDEX ix_users_api_key_hash ON users (api_key_hash);}}
{{T:CREATE INDEX ix_users_api_key_prefix ON users (api_key_prefix);}}

CREATE TABLE cues (
  id varchar(20) NOT NULL CONSTRAINT cues_pkey PRIMARY KEY,
  user_id uuid NOT NULL {{M:CONSTRAINT cues_user_id_fkey REFERENCES users (id) ON DELETE CASCADE}},
  name varchar(255) NOT NULL,
  description text,
  status varchar(20) NOT NULL {{M:DEFAULT 'active'}},
  schedule_type varchar(10) NOT NULL,
  schedule_cron varchar(100),
  schedule_at timestamptz,
  schedule_timezone varchar(50) NOT NULL {{M:DEFAULT 'UTC'}},
  callback_url text,
  callback_method varchar(10) NOT NULL {{M:DEFAULT 'POST'}},
  callback_headers jsonb {{M:DEFAULT '{{}}'}},
  callback_transport varchar(10) NOT NULL {{M:DEFAULT 'webhook'}},
  payload jsonb {{M:DEFAULT '{{}}'}},
  retry_max_attempts int NOT NULL {{M:DEFAULT 3}},
  retry_backoff_minutes jsonb NOT NULL {{M:DEFAULT '[1, 5, 15]'}},
  next_run timestamptz,
  last_run timestamptz,
  run_count int NOT NULL {{M:DEFAULT 0}},
  fired_count int NOT NULL {{M:DEFAULT 0}},
  on_failure jsonb ON_FAILURE_DEFAULT,
  verification_mode varchar(50),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT unique_user_cue_name UNIQUE (user_id, name),
  CONSTRAINT valid_status CHECK (status IN ('active', 'paused', 'completed', 'failed')),
  CONSTRAINT valid_schedule_type CHECK (schedule_type IN ('once', 'recurring')),
  CONSTRAINT valid_callback_method CHECK (callback_method IN ('POST', 'GET', 'PUT', 'PATCH')),
  CONSTRAINT valid_callback_transport CHECK (callback_transport IN ('webhook', 'worker')),
  CONSTRAINT valid_verification_mode CHECK (verification_mode IS NULL OR verification_mode IN
    ('none', 'require_external_id', 'require_result_url', 'require_artifacts', 'manual'))
);
CREATE INDEX {{M:idx_cues_user_id}}{{T:ix_cues_user_id}} ON cues (user_id);
{{M:CREATE INDEX idx_cues_status ON cues (status);}}
{{M:CREATE INDEX idx_cues_due ON cues (next_run) WHERE status = 'active' AND next_run IS NOT NULL;}}
{{T:CREATE INDEX ix_cues_next_run ON cues (next_run);}}

CREATE TABLE executions (
  id uuid NOT NULL {{M:DEFAULT gen_random_uuid()}} CONSTRAINT executions_pkey PRIMARY KEY,
  cue_id varchar(20) NOT NULL {{M:CONSTRAINT executions_cue_id_fkey REFERENCES cues (id) ON DELETE CASCADE}},
  scheduled_for timestamptz NOT NULL,
  status varchar(20) NOT NULL {{M:DEFAULT 'pending'}},
  http_status int,
  response_body text,
  attempts int NOT NULL {{M:DEFAULT 0}},
  next_retry timestamptz,
  error_message text,
  started_at timestamptz,
  delivered_at timestamptz,
  last_attempt_at timestamptz,
  claimed_by_worker varchar(255),
  claimed_at timestamptz,
  outcome_success boolean,
  outcome_result text,
  outcome_error text,
  outcome_metadata jsonb,
  outcome_recorded_at timestamptz,
  {{R:outcome_deadline_seconds int, outcome_deadline_at timestamptz, outcome_state text,}}
  {{R:last_heartbeat_at timestamptz,}}
  live_claim_session_token varchar(128),
  live_claimed_at timestamptz,
  {{R:triggered_by varchar(50),}}
  {{R:evidence_external_id varchar(255), evidence_result_url text, evidence_result_ref varchar(255),}}
  {{R:evidence_result_type varchar(50), evidence_summary text, evidence_validation_state varchar(20),}}
  {{R:evidence_produced_at timestamptz, evidence_artifacts jsonb, evidence_metadata jsonb,}}
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  {{T:CONSTRAINT idx_executions_dedup UNIQUE (cue_id, scheduled_for),}}
  CONSTRAINT valid_exec_status CHECK (status IN ({_STATUSES}{{R:, 'pending_outcome', 'outcome_timeout'}}))
);
{{M:CREATE UNIQUE INDEX idx_executions_dedup ON executions (cue_id, scheduled_for);}}
CREATE INDEX {{M:idx_executions_cue_id}}{{T:ix_executions_cue_id}} ON executions (cue_id);
{{M:CREATE INDEX idx_executions_created_at ON executions (created_at);}}
{{M:CREATE INDEX idx_executions_retries ON executions (next_retry)
  WHERE status = 'retrying' AND next_retry IS NOT NULL;}}

CREATE TABLE dispatch_outbox (
  id {{M:bigserial}}{{T:serial}} NOT NULL CONSTRAINT dispatch_outbox_pkey PRIMARY KEY,
  execution_id uuid CONSTRAINT dispatch_outbox_execution_id_fkey REFERENCES executions (id) ON DELETE CASCADE,
  cue_id varchar(20) {{T:CONSTRAINT dispatch_outbox_cue_id_fkey REFERENCES cues (id) ON DELETE CASCADE}},
  task_type varchar(20) NOT NULL {{M:DEFAULT 'deliver'}},
  payload jsonb NOT NULL {{M:DEFAULT '{{}}'}},
  dispatched boolean NOT NULL {{M:DEFAULT false}},
  dispatch_attempts int NOT NULL {{M:DEFAULT 0}},
  last_dispatch_error text,
  scheduled_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT valid_task_type CHECK (task_type IN ('deliver', 'retry', 'deliver_message', 'retry_message')),
  CONSTRAINT task_payload_shape CHECK (
    (task_type IN ('deliver', 'retry') AND execution_id IS NOT NULL)
    OR (task_type IN ('deliver_message', 'retry_message') AND payload ? 'message_id'))
);
{{M:CREATE INDEX idx_outbox_pending ON dispatch_outbox (created_at) WHERE dispatched = false;}}
{{M:CREATE INDEX idx_outbox_scheduled ON dispatch_outbox (scheduled_at)
  WHERE dispatched = false AND scheduled_at IS NOT NULL;}}

CREATE TABLE device_codes (
  id uuid NOT NULL {{M:DEFAULT gen_random_uuid()}} CONSTRAINT device_codes_pkey PRIMARY KEY,
  device_code varchar(128) NOT NULL {{M:CONSTRAINT device_codes_device_code_key UNIQUE}},
  email varchar(255),
  status varchar(20) NOT NULL {{M:DEFAULT 'pending'}},
  api_key_plaintext varchar(64),
  verification_token varchar(64),
  {{R:session_token varchar(64), user_id uuid,}}
  expires_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
  {{M:, CONSTRAINT valid_dc_status CHECK (status IN ('pending', 'email_sent', 'approved', 'expired', 'claimed'))}}
);
{{M:CREATE INDEX idx_device_codes_code ON device_codes (device_code);}}
{{M:CREATE INDEX idx_device_codes_token ON device_codes (verification_token);}}
{{T:CREATE UNIQUE INDEX ix_device_codes_device_code ON device_codes (device_code);}}
{{T:CREATE INDEX ix_device_codes_verification_token ON device_codes (verification_token);}}
{{R:CREATE INDEX ix_device_codes_session_token ON device_codes (session_token);}}

CREATE TABLE workers (
  id uuid NOT NULL {{M:DEFAULT gen_random_uuid()}} CONSTRAINT workers_pkey PRIMARY KEY,
  user_id uuid NOT NULL,
  worker_id varchar(255) NOT NULL,
  handlers jsonb,
  last_heartbeat timestamptz NOT NULL DEFAULT now(),
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT unique_user_worker UNIQUE (user_id, worker_id)
);
CREATE INDEX ix_workers_user_id ON workers (user_id);

CREATE TABLE alerts (
  id uuid NOT NULL CONSTRAINT alerts_pkey PRIMARY KEY,
  user_id uuid NOT NULL,
  cue_id varchar(20),
  execution_id uuid,
  alert_type varchar(50) NOT NULL,
  severity varchar(20) NOT NULL DEFAULT 'warning',
  message text NOT NULL,
  metadata jsonb,
  acknowledged boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT valid_alert_type CHECK (alert_type IN ('outcome_timeout', 'verification_failed', 'consecutive_failures')),
  CONSTRAINT valid_alert_severity CHECK (severity IN ('info', 'warning', 'critical'))
);
CREATE INDEX ix_alerts_user_id ON alerts (user_id);
CREATE INDEX ix_alerts_user_created ON alerts (user_id, created_at);
CREATE INDEX ix_alerts_execution_id ON alerts (execution_id);

CREATE TABLE usage_monthly (
  id serial NOT NULL CONSTRAINT usage_monthly_pkey PRIMARY KEY,
  user_id uuid NOT NULL,
  month_start date NOT NULL,
  execution_count int NOT NULL {{M:DEFAULT 0}},
  CONSTRAINT unique_user_month UNIQUE (user_id, month_start)
);
{{M:CREATE INDEX idx_usage_monthly_user ON usage_monthly (user_id, month_start);}}
{{T:CREATE INDEX ix_usage_monthly_user_id ON usage_monthly (user_id);}}

CREATE TABLE usage_messages_monthly (
  id serial NOT NULL CONSTRAINT usage_messages_monthly_pkey PRIMARY KEY,
  user_id uuid NOT NULL CONSTRAINT usage_messages_monthly_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
  month_start date NOT NULL,
  message_count int NOT NULL DEFAULT 0,
  CONSTRAINT unique_user_month_messages UNIQUE (user_id, month_start)
);
CREATE INDEX ix_usage_messages_monthly_user_id ON usage_messages_monthly (user_id);

CREATE TABLE agents (
  id varchar(20) NOT NULL CONSTRAINT agents_pkey PRIMARY KEY,
  user_id uuid NOT NULL CONSTRAINT agents_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
  slug varchar(64) NOT NULL,
  display_name varchar(255) NOT NULL,
  webhook_url text,
  webhook_secret varchar(80),
  agent_metadata jsonb NOT NULL DEFAULT '{{}}',
  status varchar(16) NOT NULL DEFAULT 'online',
  last_seen_at timestamptz,
  deleted_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT unique_user_agent_slug UNIQUE (user_id, slug),
  CONSTRAINT valid_agent_status CHECK (status IN ('online', 'offline', 'away')),
  CONSTRAINT agent_webhook_url_secret_paired CHECK (
    (webhook_url IS NULL AND webhook_secret IS NULL) OR (webhook_url IS NOT NULL AND webhook_secret IS NOT NULL))
);
CREATE INDEX ix_agents_user_id ON agents (user_id);
CREATE INDEX ix_agents_slug ON agents (slug);
{{M:CREATE INDEX ix_agents_user_status_active ON agents (user_id, status) WHERE deleted_at IS NULL;}}

CREATE TABLE messages (
  id varchar(20) NOT NULL CONSTRAINT messages_pkey PRIMARY KEY,
  user_id uuid NOT NULL CONSTRAINT messages_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
  from_agent_id varchar(20) NOT NULL CONSTRAINT messages_from_agent_id_fkey REFERENCES agents (id) ON DELETE SET NULL,
  to_agent_id varchar(20) NOT NULL CONSTRAINT messages_to_agent_id_fkey REFERENCES agents (id) ON DELETE SET NULL,
  thread_id varchar(20) NOT NULL,
  reply_to varchar(20) CONSTRAINT messages_reply_to_fkey REFERENCES messages (id) ON DELETE SET NULL,
  subject varchar(255),
  body text NOT NULL,
  preview varchar(256) NOT NULL DEFAULT '',
  priority smallint NOT NULL DEFAULT 3,
  expects_reply boolean NOT NULL DEFAULT false,
  reply_to_agent_id varchar(20)
    CONSTRAINT messages_reply_to_agent_id_fkey REFERENCES agents (id) ON DELETE SET NULL,
  delivery_state varchar(16) NOT NULL DEFAULT 'queued',
  message_metadata jsonb NOT NULL DEFAULT '{{}}',
  idempotency_key varchar(255),
  idempotency_fingerprint varchar(64),
  delivering_started_at timestamptz,
  delivered_at timestamptz,
  read_at timestamptz,
  acked_at timestamptz,
  failed_at timestamptz,
  send_at timestamptz,
  expires_at timestamptz NOT NULL DEFAULT {{M:(now() + interval '30 days')}}{{T:now()}},
  dispatch_priority_bucket smallint NOT NULL DEFAULT 3,
  message_dispatch_error text,
  correlation_id varchar(255),
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT valid_priority CHECK (priority BETWEEN 1 AND 5),
  CONSTRAINT valid_delivery_state CHECK (delivery_state IN
    ('queued', 'delivering', 'delivered', 'retry_ready', 'failed', 'read', 'acked', 'expired', 'claimed')),
  CONSTRAINT body_size_limit CHECK (octet_length(body) <= 32768)
);
{{M:CREATE UNIQUE INDEX unique_user_idempotency_key ON messages (user_id, idempotency_key)
  WHERE idempotency_key IS NOT NULL;}}
CREATE INDEX ix_messages_user_id ON messages (user_id);
CREATE INDEX ix_messages_from_agent_id ON messages (from_agent_id);
CREATE INDEX ix_messages_to_agent_id ON messages (to_agent_id);
CREATE INDEX ix_messages_thread_id ON messages (thread_id);
CREATE INDEX ix_messages_inbox ON messages (to_agent_id, delivery_state, created_at {{M:DESC}});
CREATE INDEX ix_messages_sent ON messages (from_agent_id, created_at {{M:DESC}});
CREATE INDEX ix_messages_thread ON messages (thread_id, created_at);
{{M:CREATE INDEX idx_messages_inbox_counterpart ON messages (to_agent_id, from_agent_id, created_at);}}
{{M:CREATE INDEX idx_messages_sent_counterpart ON messages (from_agent_id, to_agent_id, created_at);}}
CREATE INDEX ix_messages_correlation_id ON messages (correlation_id) WHERE correlation_id IS NOT NULL;
{{M:CREATE INDEX ix_messages_send_at ON messages (send_at) WHERE send_at IS NOT NULL;}}
{{M:CREATE INDEX idx_messages_delivering_started ON messages (delivering_started_at)
  WHERE delivery_state = 'delivering' AND delivering_started_at IS NOT NULL;}}

CREATE TABLE events (
  id bigserial NOT NULL CONSTRAINT events_pkey PRIMARY KEY,
  event_type text NOT NULL,
  recipient_agent_id varchar(20) NOT NULL
    CONSTRAINT events_recipient_agent_id_fkey REFERENCES agents (id) ON DELETE CASCADE,
  payload jsonb NOT NULL DEFAULT '{{}}',
  emitted_at timestamptz NOT NULL DEFAULT now(),
  idempotency_key text,
  digested_at timestamptz
);
CREATE UNIQUE INDEX ux_events_idempotency_key ON events (event_type, idempotency_key)
  WHERE idempotency_key IS NOT NULL;
CREATE INDEX ix_events_recipient_id_cursor ON events (recipient_agent_id, id);
CREATE INDEX ix_events_emitted_at ON events (emitted_at);
CREATE INDEX ix_events_undigested ON events (recipient_agent_id) WHERE digested_at IS NULL;

CREATE TABLE subscriptions (
  id uuid NOT NULL DEFAULT gen_random_uuid() CONSTRAINT subscriptions_pkey PRIMARY KEY,
  subscriber_agent_id varchar(20) NOT NULL
    CONSTRAINT subscriptions_subscriber_agent_id_fkey REFERENCES agents (id) ON DELETE CASCADE,
  event_type text NOT NULL,
  delivery_target text NOT NULL,
  webhook_url text,
  webhook_secret text,
  inline_body boolean NOT NULL DEFAULT false,
  last_dispatched_event_id bigint,
  last_dispatched_at timestamptz,
  last_acked_event_id bigint,
  consecutive_failures int NOT NULL DEFAULT 0,
  paused_until timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  detached_at timestamptz,
  CONSTRAINT subscriptions_delivery_target_check CHECK (delivery_target IN ('pull', 'webhook')),
  CONSTRAINT subscriptions_webhook_url_check CHECK (
    (delivery_target = 'pull' AND webhook_url IS NULL) OR (delivery_target = 'webhook' AND webhook_url IS NOT NULL))
);
CREATE UNIQUE INDEX ux_subscriptions_active_unique ON subscriptions (subscriber_agent_id, event_type, delivery_target)
  WHERE detached_at IS NULL;
CREATE INDEX ix_subscriptions_dispatch_due ON subscriptions (last_dispatched_event_id)
  WHERE delivery_target = 'webhook' AND detached_at IS NULL;

CREATE TABLE agent_live_sessions (
  id uuid NOT NULL DEFAULT gen_random_uuid() CONSTRAINT agent_live_sessions_pkey PRIMARY KEY,
  agent_id varchar(20) NOT NULL
    CONSTRAINT agent_live_sessions_agent_id_fkey REFERENCES agents (id) ON DELETE CASCADE,
  label text NOT NULL,
  cue_id text NOT NULL,
  task_name text NOT NULL,
  is_default boolean NOT NULL DEFAULT false,
  attached_at timestamptz,
  detached_at timestamptz,
  last_heartbeat timestamptz,
  last_claim_at timestamptz,
  monitor_version text,
  session_token varchar(80),
  ipc_session_token varchar(32),
  transport varchar(8) NOT NULL DEFAULT 'poll',
  daemon_id uuid,
  last_reconciled_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT valid_transport CHECK (transport IN ('ipc', 'poll'))
);
CREATE UNIQUE INDEX ix_agent_live_sessions_cue_id ON agent_live_sessions (cue_id);
CREATE UNIQUE INDEX ux_agent_live_sessions_label_per_agent ON agent_live_sessions (agent_id, label)
  WHERE detached_at IS NULL;
CREATE UNIQUE INDEX ux_agent_live_sessions_one_default_per_agent ON agent_live_sessions (agent_id)
  WHERE is_default = true AND detached_at IS NULL;
CREATE INDEX ix_agent_live_sessions_active ON agent_live_sessions (agent_id, last_heartbeat)
  WHERE detached_at IS NULL;
CREATE INDEX ix_agent_live_sessions_daemon ON agent_live_sessions (daemon_id);
CREATE INDEX ix_agent_live_sessions_transport ON agent_live_sessions (transport, last_reconciled_at);
"""

# Made by the migrations only, and used by no code (spec/schema.md §3); and the number of the last migration.
_LEFTOVERS = """
CREATE TABLE blog_posts (
  id uuid NOT NULL DEFAULT gen_random_uuid() CONSTRAINT blog_posts_pkey PRIMARY KEY,
  title text NOT NULL, slug text NOT NULL CONSTRAINT unique_blog_slug UNIQUE, content text NOT NULL,
  description text, seo_title text, seo_description text, category text, read_time text, image_url text,
  image_alt text, image_data text, author text DEFAULT 'Govind Kavaturi', date date, tags text[], keywords text[],
  published boolean NOT NULL DEFAULT false, created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT valid_blog_category CHECK (category IS NULL OR category IN ('tutorial', 'guide', 'blog'))
);
CREATE INDEX ix_blog_posts_slug ON blog_posts (slug);
CREATE INDEX ix_blog_posts_published ON blog_posts (published);
CREATE TABLE content_trends (
  id uuid NOT NULL DEFAULT gen_random_uuid() CONSTRAINT content_trends_pkey PRIMARY KEY,
  scan_date date NOT NULL, topics jsonb NOT NULL, backlog_pick jsonb, status text NOT NULL DEFAULT 'pending',
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX ix_content_trends_scan_date ON content_trends (scan_date);
CREATE TABLE support_tickets (
  id uuid NOT NULL DEFAULT gen_random_uuid() CONSTRAINT support_tickets_pkey PRIMARY KEY,
  user_id uuid NOT NULL CONSTRAINT support_tickets_user_id_fkey REFERENCES users (id),
  github_issue_number int, github_issue_url text, subject text NOT NULL, message text NOT NULL,
  severity text NOT NULL DEFAULT 'medium', type text NOT NULL DEFAULT 'bug', status text NOT NULL DEFAULT 'open',
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_support_tickets_user_id ON support_tickets (user_id);
CREATE TABLE alembic_version (version_num varchar(32) NOT NULL CONSTRAINT alembic_version_pkc PRIMARY KEY);
INSERT INTO alembic_version VALUES ('035');
"""

_ON_FAILURE_DEFAULT = """DEFAULT '{"email": true, "webhook": null, "pause": false}'"""


def tables(shape):
    """The statements that make an empty database one of that shape."""
    text = _MARK.sub(lambda mark: mark[2] if mark[1] in _KEPT[shape] else "", _TABLES)
    text = text.replace("ON_FAILURE_DEFAULT", "" if shape == MODELS else _ON_FAILURE_DEFAULT)
    return text if shape == MODELS else text + _LEFTOVERS


# Every column, key, check and index of `public`, one per line: equal lines, equal schema.
WHOLE_SCHEMA = """
SELECT format('%s.%s %s %s %s', attrelid::regclass, attname, format_type(atttypid, atttypmod), attnotnull,
              pg_get_expr(adbin, adrelid)) AS line
FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND attnum > 0 AND NOT attisdropped
UNION ALL
SELECT format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace
UNION ALL
SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL
SELECT format('sequence %s %s', sequencename, data_type) FROM pg_sequences WHERE schemaname = 'public'
ORDER BY line
"""
