#pragma once

#include <optional>
#include <string>
#include <vector>

#include "persistence/outbox.hpp"
#include "persistence/postgres/connection.hpp"

/// Writing what people have to be told: alerts, and the notices (cued.notices) that carry alerts, escalations and
/// letters to them. All of it is part of the caller's transaction, so that neither the fact nor its notice exists
/// without the other: call inside connection::in_transaction, after the statements that take row locks.
/// After the commit, `notice_written_message` to pool::courier has it sent at once; without it, it goes a few seconds
/// later. Throws pqxx exceptions, as session does. Source: spec/alerts-usage.md §2, §3; spec/delivery.md §8.
namespace cued::persistence {

/// SQL, for statements that write alerts themselves: the notices of the alerts in the CTE `written` (all columns of
/// `alerts`), for those owners who have an alert URL and secret. The content is the body as it is sent.
#define CUED_NOTICES_OF_ALERTS(written)                                                                                \
  "INSERT INTO cued.notices (kind, user_id, alert_id, cue_id, execution_id, content, status) "                         \
  "SELECT 'alert', a.user_id, a.id, a.cue_id, a.execution_id, jsonb_build_object('alert_id', a.id, 'alert_type', "     \
  "a.alert_type, 'created_at', " CUED_OFFSET_TIME(                                                                     \
      "a.created_at") ", 'cue_id', a.cue_id, 'execution_id', "                                                         \
                      "a.execution_id, 'message', a.message, 'metadata', coalesce(a.metadata, '{}'), 'severity', "     \
                      "a.severity), 'pending' "                                                                        \
                      "FROM " written " a JOIN users u ON u.id = a.user_id "                                           \
                      "AND u.alert_webhook_url <> '' AND u.alert_webhook_secret <> ''"

/// An alert to be written.
struct new_alert {
  std::string user_id;
  std::optional<std::string> cue_id = {};
  std::optional<std::string> execution_id = {};
  std::string alert_type = {}; ///< one of those the table's check lists
  std::string severity = "warning";
  std::string message = {};
  std::string metadata_json = "{}"; ///< an object
};

/// Writes the alerts, but none that was told within the last 300 s: the same user and type, and the same cue for
/// `consecutive_failures`, the same execution for the others. Two transactions cannot both write the same one. An owner
/// with an alert URL and secret gets a notice of each. Returns how many were written.
std::size_t write_alerts(session& s, const std::vector<new_alert>& alerts);

/// An execution that came to a bad end in this transaction: delivery failed for good, nobody claimed it, no outcome.
struct ended_badly {
  std::string execution_id;
  int attempts = 0; ///< as the failure webhook tells it: 0 unless webhook retries were exhausted
  std::optional<int> last_http_status = {};
};

/// Writes what the cues' `on_failure` asks for: a letter (unless `email` is false) and a failure webhook (if `webhook`
/// is set). Reads error_message and cue as this transaction sees them. Pausing is the caller's. Returns how many
/// notices.
std::size_t write_escalations(session& s, const std::vector<ended_badly>& executions);

} // namespace cued::persistence
