#pragma once

#include <functional>
#include <optional>
#include <string>

#include "persistence/cues.hpp"
#include "persistence/fire_keys.hpp"
#include "persistence/outbox.hpp"

/// Everything that writes cues on behalf of a client: create, change, delete, fire. Values are already judged; JSON
/// members are JSON text. Each function is one transaction; the engine is told afterwards, by the caller.
/// Source: spec/cues.md §3 - §5.
namespace cued::persistence {

/// A schedule as stored (spec/cues.md §1).
struct cue_schedule {
  std::string type; ///< `once`, `recurring`
  std::optional<std::string> cron;
  std::optional<instant> at; ///< `once` only
  std::string timezone;
};

struct new_cue {
  std::string id;
  std::string user_id;
  std::string name;
  std::optional<std::string> description;
  std::string transport;
  cue_schedule schedule;
  std::optional<std::string> callback_url;
  std::string callback_method;
  std::string callback_headers_json;
  std::string payload_json;
  cue_retry retry;
  cue_policies policies;
  std::string on_failure_json; ///< all three members
  std::optional<std::string> verification_mode;
  std::optional<instant> next_run;
};

/// Whether the user may have one more cue of that name: 409 `duplicate_cue_name`, then 403 `cue_limit_exceeded`.
/// `active_limit`: how many cues may be active or paused; nothing when quotas are not enforced. Tells only what a
/// refused create has to say first; create_cue asks again, under its lock.
[[nodiscard]] result<void> admit_cue(connection& db, const std::string& user_id, const std::string& name,
                                     std::optional<int> active_limit);

/// Inserts it as `active`. The creates of one user go one after the other, so the limit holds however many arrive at
/// once. Errors of admit_cue; 401 `user_not_found` when the user is gone.
[[nodiscard]] result<cue_row> create_cue(connection& db, const new_cue& cue, std::optional<int> active_limit);

/// What is absent stays as it is.
struct cue_changes {
  std::optional<std::string> name, description, status;
  std::optional<std::string> callback_url, callback_method, callback_headers_json;
  std::optional<std::string> payload_json;
  std::optional<cue_retry> retry; ///< as a whole
  std::optional<std::string> catch_up, overlap;
  std::optional<int> catch_up_window_seconds;
  std::optional<std::optional<int>> outcome_deadline_seconds; ///< a nothing inside: no deadline
  std::optional<std::string> on_failure_json;
  std::optional<std::string> verification_mode;
  std::optional<cue_schedule> schedule;
  std::optional<std::optional<instant>> next_run; ///< a nothing inside: NULL, the cue does not fire
};

/// A cue while nobody else can change it.
struct cue_before_change {
  cue_row cue;
  bool at_has_run = false; ///< of a `once` cue: there is an execution for its `at`
  bool unfinished = false; ///< of a `once` cue: one of its executions is still under way
};

/// Decides on the changes under the row's lock; may be called again when the transaction is repeated. Must be quick.
using change_plan = std::function<result<cue_changes>(const cue_before_change&)>;

/// 404 `cue_not_found`, what the plan says, 409 `duplicate_cue_name`. An empty change only renews updated_at.
[[nodiscard]] result<cue_row> change_cue(connection& db, const std::string& user_id, const std::string& cue_id,
                                         const change_plan& plan);

/// With its executions and their outbox rows, whether or not the schema has foreign keys (spec/cues.md §4.4).
/// 404 `cue_not_found`.
[[nodiscard]] result<void> delete_cue(connection& db, const std::string& user_id, const std::string& cue_id);

/// An execution that somebody asked for by hand.
struct cue_firing {
  std::string user_id;
  std::string cue_id;
  std::string execution_id; ///< uuid v4, made by the caller
  instant scheduled_for;
  std::optional<std::string> scheduled_for_text; ///< for the snapshot, when it is to keep the client's offset
  bool in_the_future = false;
  std::optional<std::string> payload_override_json; ///< an object
  bool replaces_payload = false; ///< the override stands alone; else its members are laid over the cue's payload
  std::optional<fire_key> idempotency;
  instant asked_at{}; ///< counts for the age of the key
};

struct fired_execution : created_execution {
  std::string execution_id;
  bool repeated = false; ///< an earlier fire with the same key has made it
};

/// The execution, and for a webhook cue its outbox row. Counters and schedule of the cue stay as they are.
/// 404 `cue_not_found`; errors of take_fire_key().
[[nodiscard]] result<fired_execution> fire_cue(connection& db, const cue_firing& firing);

/// The statement that create_cue admits by, for the test that pins plans.
[[nodiscard]] named_query cue_admission_statement();

} // namespace cued::persistence
