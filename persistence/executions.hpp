#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "persistence/postgres/connection.hpp"

/// Reading executions: one, a filtered page, what workers may claim. Every function sees only executions whose cue
/// belongs to `user_id`; ids are canonical uuids. Never writes. Source: spec/executions.md §2, §3.
namespace cued::persistence {

/// The select list that `read_execution` understands; `e` is the alias of `executions`. A macro because named
/// statements are put together from literals:
///   R"sql(SELECT )sql" CUED_EXECUTION_COLUMNS R"sql( FROM executions e WHERE e.cue_id = $1)sql"
/// Further columns may follow it.
#define CUED_EXECUTION_COLUMNS                                                                                         \
  "e.id, e.cue_id, e.scheduled_for, e.status, e.http_status, e.attempts, e.error_message, e.started_at, "              \
  "e.delivered_at, e.last_attempt_at, e.created_at, e.updated_at, "                                                    \
  "e.outcome_recorded_at, e.outcome_success, e.outcome_result, e.outcome_error, e.outcome_metadata, "                  \
  "e.claimed_by_worker, e.claimed_at, e.last_heartbeat_at, e.next_retry, e.triggered_by, e.outcome_state, "            \
  "e.backfilled, "                                                                                                     \
  "e.evidence_external_id, e.evidence_result_url, e.evidence_result_ref, e.evidence_result_type, "                     \
  "e.evidence_summary, e.evidence_validation_state"

/// What a handler reported. Source: spec/executions.md §2 (member `outcome`).
struct execution_outcome {
  bool success = false; ///< a NULL in the column (rows put there by hand) counts as false
  std::optional<std::string> result, error;
  std::optional<std::string> metadata_json; ///< JSON text; a JSON null is none
  instant recorded_at;
};

/// The small evidence columns. Artifacts and metadata have no size limit of their own: see execution_detail.
struct execution_evidence {
  std::optional<std::string> external_id, result_url, result_ref, result_type, summary, validation_state;
};

/// One row of `executions` as the API shows it: the thirteen members of spec/executions.md §2, then those that clients
/// look for beyond them (spec/clients.md §8 #2).
struct execution_row {
  std::string id;
  std::string cue_id;
  instant scheduled_for;
  std::string status;
  std::optional<int> http_status;
  int attempts = 0;
  std::optional<std::string> error_message;
  std::optional<instant> started_at, delivered_at, last_attempt_at;
  std::optional<execution_outcome> outcome; ///< none until one was recorded
  instant created_at;
  instant updated_at;

  std::optional<std::string> claimed_by_worker;
  std::optional<instant> claimed_at, last_heartbeat_at, next_retry;
  std::optional<std::string> triggered_by, outcome_state;
  bool backfilled = false; ///< the clock made it for an instant it had missed
  execution_evidence evidence;
};

/// `row` came from a statement whose select list begins with CUED_EXECUTION_COLUMNS.
[[nodiscard]] execution_row read_execution(const pqxx::row& row);

/// What a caller is told of an execution that is not there, is not his, or whose id is no uuid at all.
[[nodiscard]] inline error execution_not_found() {
  return {404, "execution_not_found", "Execution not found", {}, std::nullopt};
}

/// A single execution may be shown with everything it has.
struct execution_detail {
  execution_row execution;
  std::optional<std::string> artifacts_json, evidence_metadata_json;
};

/// An execution and the caller who wants to see it.
struct execution_key {
  std::string execution_id, user_id;
};

/// Nothing: there is none of that id, or it is somebody else's.
using found_execution = std::optional<execution_detail>;

/// Any number of executions in one statement; the answers come in the order of `asked`.
[[nodiscard]] result<std::vector<found_execution>> find_executions(connection& db,
                                                                   std::span<const execution_key> asked);

/// What a list is narrowed to; what is absent does not narrow. Source: spec/executions.md §3.1, spec/clients.md §9.1
/// #5.
struct execution_filter {
  std::optional<std::string> cue_id, worker_id, outcome_state, triggered_by, result_type;
  std::vector<std::string> statuses; ///< any of these; empty: all
  std::optional<bool> has_evidence;
};

struct execution_page {
  std::vector<execution_row> executions;    ///< newest first
  std::int64_t total = 0;                   ///< of the filtered set, as of the same snapshot
  std::optional<instant> oldest_claimed_at; ///< over the filtered set, not the page
};

[[nodiscard]] result<execution_page> list_executions(connection& db, const std::string& user_id,
                                                     const execution_filter& filter, int limit, std::int64_t offset);

/// What find_executions and the lists ask Postgres, for whoever looks at their plans.
[[nodiscard]] named_query execution_lookup_statement();
[[nodiscard]] std::vector<named_query> execution_list_statements();

/// An execution as a worker sees it before it claims. Source: spec/executions.md §3.3.
struct claimable_execution {
  std::string execution_id, cue_id, cue_name;
  std::optional<std::string> task; ///< `payload.task` if it is a string
  instant scheduled_for;
  std::string payload_json; ///< an object
  int attempts = 0;
};

struct claimable_filter {
  std::optional<std::string> task, agent; ///< equal to `payload.task`, `payload.agent`
};

inline constexpr int claimable_limit = 50;

/// What the tenant's workers may claim at `now`, oldest first. Exactly the rows that a claim would be granted for:
/// pending, due, of a worker cue. When there are more than `claimable_limit`, each task gets its turn, so that a pile
/// of one task nobody handles cannot hide the others.
[[nodiscard]] result<std::vector<claimable_execution>>
claimable_executions(connection& db, const std::string& user_id, const claimable_filter& filter, instant now);

} // namespace cued::persistence
