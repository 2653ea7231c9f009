#pragma once

#include <string>

#include "persistence/postgres/migrations.hpp"
#include "tests/persistence/test_database.hpp"

namespace cued::test {

// The shapes in which databases of the reference are found (spec/schema.md §1), made from migration 0001.

/// M: what the reference's own migrations leave, without the repairs R.
inline void make_reference_shape(test_database& database) {
  database.exec(std::string{persistence::migrations().front().sql});
  database.exec(R"sql(
    ALTER TABLE users DROP COLUMN api_key_encrypted;
    ALTER TABLE device_codes DROP COLUMN session_token, DROP COLUMN user_id;
    ALTER TABLE executions
      DROP COLUMN outcome_deadline_seconds, DROP COLUMN outcome_deadline_at, DROP COLUMN outcome_state,
      DROP COLUMN last_heartbeat_at, DROP COLUMN triggered_by, DROP COLUMN evidence_external_id,
      DROP COLUMN evidence_result_url, DROP COLUMN evidence_result_ref, DROP COLUMN evidence_result_type,
      DROP COLUMN evidence_summary, DROP COLUMN evidence_validation_state, DROP COLUMN evidence_produced_at,
      DROP COLUMN evidence_artifacts, DROP COLUMN evidence_metadata,
      DROP CONSTRAINT valid_exec_status,
      ADD CONSTRAINT valid_exec_status CHECK (status IN
        ('pending', 'delivering', 'success', 'failed', 'retrying', 'retry_ready', 'missed')))sql");
}

/// T: tables made from the reference's models. What differs from M+R, by spec/schema.md §6.
inline void make_model_shape(test_database& database) {
  database.exec(std::string{persistence::migrations().front().sql});
  database.exec(R"sql(
    DROP TABLE alembic_version, blog_posts, content_trends, support_tickets;
    ALTER TABLE users
      DROP COLUMN plan_interval, DROP COLUMN plan_period_end, DROP COLUMN stripe_customer_id,
      DROP COLUMN stripe_subscription_id,
      ALTER id DROP DEFAULT, ALTER plan DROP DEFAULT, ALTER active_cue_limit DROP DEFAULT,
      ALTER monthly_execution_limit DROP DEFAULT, ALTER rate_limit_per_minute DROP DEFAULT,
      DROP CONSTRAINT users_email_key;
    DROP INDEX idx_users_email, idx_users_api_key_hash, idx_users_api_key_prefix;
    CREATE UNIQUE INDEX ix_users_email ON users (email);
    CREATE UNIQUE INDEX ix_users_api_key_hash ON users (api_key_hash);
    CREATE INDEX ix_users_api_key_prefix ON users (api_key_prefix);
    ALTER TABLE users RENAME CONSTRAINT unique_user_slug TO users_slug_key;
    ALTER TABLE cues
      DROP CONSTRAINT cues_user_id_fkey,
      ALTER status DROP DEFAULT, ALTER schedule_timezone DROP DEFAULT, ALTER callback_method DROP DEFAULT,
      ALTER callback_headers DROP DEFAULT, ALTER callback_transport DROP DEFAULT, ALTER payload DROP DEFAULT,
      ALTER retry_max_attempts DROP DEFAULT, ALTER retry_backoff_minutes DROP DEFAULT, ALTER run_count DROP DEFAULT,
      ALTER fired_count DROP DEFAULT, ALTER on_failure DROP DEFAULT;
    DROP INDEX idx_cues_status, idx_cues_due;
    ALTER INDEX idx_cues_user_id RENAME TO ix_cues_user_id;
    CREATE INDEX ix_cues_next_run ON cues (next_run);
    DROP INDEX idx_executions_dedup, idx_executions_created_at, idx_executions_retries;
    ALTER INDEX idx_executions_cue_id RENAME TO ix_executions_cue_id;
    ALTER TABLE executions
      DROP CONSTRAINT executions_cue_id_fkey,
      ADD CONSTRAINT idx_executions_dedup UNIQUE (cue_id, scheduled_for),
      ALTER id DROP DEFAULT, ALTER status DROP DEFAULT, ALTER attempts DROP DEFAULT;
    DROP INDEX idx_outbox_pending, idx_outbox_scheduled;
    ALTER TABLE dispatch_outbox
      ALTER id TYPE integer, ALTER task_type DROP DEFAULT, ALTER payload DROP DEFAULT, ALTER dispatched DROP DEFAULT,
      ALTER dispatch_attempts DROP DEFAULT,
      ADD CONSTRAINT dispatch_outbox_cue_id_fkey FOREIGN KEY (cue_id) REFERENCES cues (id) ON DELETE CASCADE;
    ALTER TABLE device_codes
      DROP CONSTRAINT valid_dc_status, DROP CONSTRAINT device_codes_device_code_key,
      ALTER id DROP DEFAULT, ALTER status DROP DEFAULT;
    DROP INDEX idx_device_codes_code;
    CREATE UNIQUE INDEX ix_device_codes_device_code ON device_codes (device_code);
    ALTER INDEX idx_device_codes_token RENAME TO ix_device_codes_verification_token;
    ALTER TABLE workers ALTER id DROP DEFAULT;
    ALTER TABLE usage_monthly ALTER execution_count DROP DEFAULT;
    DROP INDEX idx_usage_monthly_user, unique_user_idempotency_key, ix_agents_user_status_active,
      idx_messages_inbox_counterpart, idx_messages_sent_counterpart, ix_messages_send_at,
      idx_messages_delivering_started;
    CREATE INDEX ix_usage_monthly_user_id ON usage_monthly (user_id);
    ALTER TABLE messages ALTER expires_at SET DEFAULT now())sql");
}

} // namespace cued::test
