#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "persistence/cue_runs.hpp"
#include "persistence/postgres/connection.hpp"

/// Reading cues: one, or a page. Every function sees only the cues of `user_id`; ids may be any text without U+0000.
/// JSON columns come as the text Postgres gives for jsonb. Rows put there by hand may hold anything their columns
/// allow (spec/cues.md §13), and reading them never fails. Never writes. Source: spec/cues.md §1, §4.1, §4.2.
namespace cued::persistence {

/// The select list that `read_cue` understands; `c` is the alias of `cues`. Further columns may follow it.
/// Where clients are promised an object, whatever else is stored is shown as an empty one.
#define CUED_CUE_COLUMNS                                                                                               \
  "c.id, c.name, c.description, c.status, c.callback_transport, c.schedule_type, c.schedule_cron, c.schedule_at, "     \
  "c.schedule_timezone, c.callback_url, c.callback_method, c.retry_max_attempts, c.retry_backoff_minutes, "            \
  "CASE WHEN jsonb_typeof(c.callback_headers) = 'object' THEN c.callback_headers ELSE '{}' END AS callback_headers, "  \
  "CASE WHEN jsonb_typeof(c.payload) = 'object' THEN c.payload ELSE '{}' END AS payload, "                             \
  "CASE WHEN jsonb_typeof(c.on_failure) = 'object' THEN c.on_failure END AS on_failure, "                              \
  "c.next_run, c.fired_count, c.verification_mode, c.created_at, " CUED_CUE_COUNTERS ", "                              \
  "c.retry_backoff_seconds, c.retry_jitter_percent, c.catch_up, c.catch_up_window_seconds, c.overlap_policy, "         \
  "c.outcome_deadline_seconds"

/// How a cue's executions are retried.
struct cue_retry {
  int max_attempts = 3;
  std::string backoff_json = "[1,5,15]";                ///< minutes; any JSON in rows written by others
  std::optional<std::string> backoff_seconds_json = {}; ///< an array; takes the place of the minutes
  std::optional<int> jitter_percent = {};
};

/// What a cue may ask for beyond the reference; what is absent means the reference's way. Source: docs/policies.md.
struct cue_policies {
  std::optional<std::string> catch_up; ///< `all`, `latest`, `none`
  std::optional<int> catch_up_window_seconds;
  std::optional<std::string> overlap; ///< `allow`, `skip`, `queue_one`
  std::optional<int> outcome_deadline_seconds;
};

/// One row of `cues`.
struct cue_row {
  std::string id;
  std::string name;
  std::optional<std::string> description;
  std::string status;
  std::string transport; ///< `webhook` or `worker`; never changes
  std::string schedule_type;
  std::optional<std::string> cron;
  std::optional<instant> at;
  std::string timezone;
  std::optional<std::string> callback_url;
  std::string callback_method;
  std::string callback_headers_json;
  std::string payload_json;
  cue_retry retry;
  cue_policies policies;
  std::optional<std::string> on_failure_json;
  std::optional<std::string> verification_mode;
  std::optional<instant> next_run, last_run;
  std::int64_t run_count = 0, fired_count = 0;
  instant created_at;
  instant updated_at;
};

/// `row` came from a statement whose select list begins with CUED_CUE_COLUMNS.
[[nodiscard]] cue_row read_cue(const pqxx::row& row);

/// 404 `cue_not_found`: what is missing and what is somebody else's look the same.
[[nodiscard]] result<cue_row> find_cue(connection& db, const std::string& user_id, const std::string& cue_id);

struct cue_page {
  std::vector<cue_row> cues;
  std::int64_t total = 0; ///< of the filtered set, as of the same snapshot
};

/// Newest first. Nothing as `status`: all.
[[nodiscard]] result<cue_page> list_cues(connection& db, const std::string& user_id,
                                         const std::optional<std::string>& status, int limit, std::int64_t offset);

/// Their statements, for the test that pins plans.
[[nodiscard]] std::vector<named_query> cue_list_statements();

/// How the absence of a cue is told.
[[nodiscard]] tl::unexpected<error> cue_not_found();

} // namespace cued::persistence
