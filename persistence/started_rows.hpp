#pragma once

#include "persistence/delivery_store.hpp"

/// The SQL of what a webhook request is made of, for the statements that take executions for delivery, and what reads
/// their rows. Source: spec/delivery.md §6.
namespace cued::persistence {

/// What a request is made of, from the rows `e` of executions, `c` of cues and `u` of users.
#define CUED_DELIVERED_CUE                                                                                             \
  "c.user_id, c.id AS cue_id, c.name, coalesce(c.callback_url, '') AS url, c.callback_method, "                        \
  "CASE WHEN jsonb_typeof(c.callback_headers) = 'object' THEN c.callback_headers::text ELSE '{}' END AS headers, "     \
  "(" CUED_EFFECTIVE_PAYLOAD ")::text AS payload, c.retry_max_attempts, c.retry_backoff_minutes::text AS backoff, "    \
  "coalesce(c.retry_backoff_seconds::text, '') AS backoff_seconds, "                                                   \
  "coalesce(c.retry_jitter_percent, 0) AS jitter_percent, u.webhook_secret"

/// The user in row `u` has used up the month. Index: unique_user_month.
#define CUED_LIMIT_IS_REACHED                                                                                          \
  "u.monthly_execution_limit > 0 AND EXISTS (SELECT 1 FROM usage_monthly m WHERE m.user_id = u.id "                    \
  "AND m.month_start = date_trunc('month', now() AT TIME ZONE 'UTC')::date "                                           \
  "AND m.execution_count >= u.monthly_execution_limit)"

/// The columns of what was taken, the rows `t`, in the order in which read_started reads them.
/// Index: previous_secrets_pkey.
#define CUED_STARTED_COLUMNS                                                                                           \
  "t.id, t.user_id, t.cue_id, t.name, t.scheduled_for, t.attempt, t.url, t.callback_method, t.headers, t.payload, "    \
  "t.retry_max_attempts, t.backoff, t.backoff_seconds, t.jitter_percent, t.webhook_secret, t.backfilled, "             \
  "(SELECT p.secret FROM cued.previous_secrets p "                                                                     \
  "WHERE p.user_id = t.user_id AND p.kind = 'webhook' AND p.valid_until > now())"

inline constexpr pqxx::row::size_type started_columns = 17; ///< how many these are

/// From a row in which they begin at `first`.
[[nodiscard]] started_delivery read_started(const pqxx::row& row, pqxx::row::size_type first);

} // namespace cued::persistence
