#pragma once

#include <optional>
#include <string>

#include "persistence/postgres/connection.hpp"

/// Executions that somebody asked for (fire, replay) and the outbox row that goes with them, and the SQL that makes the
/// snapshot of every outbox row. Source: spec/delivery.md §4, spec/schema.md §7.6.
namespace cued::persistence {

/// A timestamptz expression in offset form: `2026-03-20T09:00:00+00:00`, six digits of fraction or none.
#define CUED_OFFSET_TIME(timestamp)                                                                                    \
  "to_char(" timestamp                                                                                                 \
  " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS' || CASE WHEN date_part('microseconds', " timestamp                 \
  ")::bigint % 1000000 = 0 THEN '' ELSE '.US' END) || '+00:00'"

/// What an execution hands to its handler: the payload it was fired with, else its cue's. Aliases: `e` executions,
/// `c` cues. Whatever is not an object in the column is shown as an empty one.
#define CUED_EFFECTIVE_PAYLOAD                                                                                         \
  "CASE WHEN jsonb_typeof(e.payload_override) = 'object' THEN e.payload_override"                                      \
  " WHEN jsonb_typeof(c.payload) = 'object' THEN c.payload ELSE '{}'::jsonb END"

/// The jsonb snapshot of an outbox row. Aliases: `c` cues, `u` users (LEFT JOIN: the user may be gone).
/// Arguments are SQL: the execution's id, scheduled_for as text in offset form, the payload, the backoff list.
/// The clock's rows add `|| jsonb_build_object('monthly_execution_limit', u.monthly_execution_limit)`.
#define CUED_OUTBOX_PAYLOAD(execution_id, scheduled_for, payload, backoff)                                             \
  "jsonb_build_object('cue_id', c.id, 'cue_name', c.name, 'user_id', c.user_id::text, 'execution_id', (" execution_id  \
  ")::text, 'scheduled_for', " scheduled_for ", 'callback_url', c.callback_url, 'callback_method', "                   \
  "c.callback_method, 'callback_headers', CASE WHEN jsonb_typeof(c.callback_headers) = 'object' THEN "                 \
  "c.callback_headers ELSE '{}'::jsonb END, 'payload', " payload ", 'retry_max_attempts', c.retry_max_attempts, "      \
  "'retry_backoff_minutes', " backoff ", 'webhook_secret', coalesce(u.webhook_secret, ''))"

/// The backoff list of fire and replay: what is empty or zero becomes the default. Alias: `c` cues.
#define CUED_BACKOFF_OR_DEFAULT                                                                                        \
  "CASE WHEN c.retry_backoff_minutes IS NULL OR c.retry_backoff_minutes IN ('null', '[]', '0', '\"\"', '{}', "         \
  "'false') THEN '[1, 5, 15]'::jsonb ELSE c.retry_backoff_minutes END"

/// An execution that does not come from the clock.
struct new_execution {
  std::string id; ///< uuid v4, made by the caller
  std::string cue_id;
  instant scheduled_for;
  std::string triggered_by;                         ///< `manual_fire`, `replay`
  std::optional<std::string> outcome_metadata_json; ///< fire: the ipc stamp or JSON `null`; absent: SQL NULL
  std::optional<std::string> payload_override_json; ///< an object: what this execution hands out instead of the cue's
  std::optional<std::string> scheduled_for_text;    ///< as shown in the snapshot; absent: UTC, offset form
  bool in_the_future = false;                       ///< the outbox row waits until `scheduled_for`
};

struct created_execution {
  instant scheduled_for; ///< moved on by microseconds where the cue already has an execution at that instant
  bool webhook = false;  ///< by transport: who will run it
};

/// Inserts the pending execution and, for a webhook cue with a URL, its undispatched `deliver` row: one statement, so
/// neither exists without the other. Part of the caller's unit of work.
/// 404 `cue_not_found` when the cue is gone; 409 `duplicate_execution` when twenty free instants were lost to others.
[[nodiscard]] result<created_execution> create_execution(session& s, const new_execution& wanted);

struct replayed_execution {
  std::string id, cue_id;
  instant scheduled_for;
  bool webhook = false;
};

/// Runs a finished execution again, as a new one with the cue's settings of now and the payload override of then.
/// `id` is the new execution's. 404 `execution_not_found`, 409 `execution_in_flight`. Source: spec/executions.md §7.
[[nodiscard]] result<replayed_execution> replay_execution(connection& db, const std::string& user_id,
                                                          const std::string& original_id, const std::string& id,
                                                          instant now);

} // namespace cued::persistence
