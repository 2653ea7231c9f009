#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "persistence/claim_store.hpp"
#include "persistence/clock_store.hpp"
#include "persistence/deadline_store.hpp"
#include "persistence/delivery_store.hpp"
#include "persistence/outcome_store.hpp"

/// What the statements of persistence/ do to rows, as plain C++ over maps: the database of the simulation.
/// store_model_test.cpp holds it against the statements themselves, on random histories. Left out, here and there:
/// alerts and notices, quotas, usage, the events and the history's clean-up, evidence.
namespace cued::deterministic {

struct cue_row {
  std::string id, user_id, status = "active";
  bool once = false, webhook = true;
  std::string cron; ///< of a recurring cue
  std::string zone = "UTC";
  std::optional<std::string> catch_up, overlap_policy, verification_mode;
  std::optional<int> catch_up_window_seconds, outcome_deadline_seconds;
  std::optional<instant> next_run;
  int run_count = 0; ///< what the journal of runs has included
  int fired_count = 0;
  int retry_max_attempts = 3;
  std::string retry_backoff_minutes_json = "[1, 5, 15]";
  int retry_jitter_percent = 0;
  bool pause_on_failure = false;

  bool operator==(const cue_row&) const = default;
};

struct execution_row {
  std::string id, cue_id;
  instant scheduled_for{};
  std::string status = "pending";
  int attempts = 0;
  bool backfilled = false;
  std::optional<std::string> triggered_by, claimed_by, error_message, outcome_result, outcome_state;
  std::optional<instant> claimed_at, started_at, last_attempt_at, last_heartbeat_at, next_retry, delivered_at,
      outcome_recorded_at, outcome_deadline_at;
  std::optional<int> outcome_deadline_seconds, http_status;
  std::optional<bool> outcome_success;
  instant created_at{}, updated_at{};

  bool operator==(const execution_row&) const = default;
};

struct outbox_row {
  std::string execution_id, task_type;
  std::optional<instant> scheduled_at;
  instant created_at{};

  bool operator==(const outbox_row&) const = default;
};

/// Errors that somebody could make in a statement. The checks of the simulation must find each of them.
enum class defect {
  none,
  fires_twice,            ///< the guard of a firing and the unique key are gone
  forgets_claims,         ///< what was won is not written
  claims_what_is_claimed, ///< the guard on status is gone
  forgets_outcomes,       ///< recorded, says the answer
  overwrites_outcomes,    ///< write-once is gone
  ignores_attempt_number, ///< a late result of an old attempt counts
  takes_claims_from_the_living,
  gives_back_what_was_granted, ///< the guards on the claim's instant and worker are gone
  forgets_retries,             ///< they never become ready
};

class store_model {
public:
  /// What now() says.
  instant now{};
  persistence::deadline_limits limits;
  defect broken = defect::none;

  /// Told of each row that is written, in the order of the writes. Without `before`: a new one.
  std::function<void(const execution_row* before, const execution_row& after)> on_execution;
  std::function<void(const cue_row* before, const cue_row& after)> on_cue;

  // -- the clock's -------------------------------------------------------------
  [[nodiscard]] std::vector<persistence::armed_cue> armed_until(instant horizon, std::size_t limit,
                                                                const persistence::armed_position& from) const;
  [[nodiscard]] std::vector<persistence::armed_cue> find_armed(const std::vector<std::string>& cue_ids) const;
  std::vector<persistence::fired_slot> fire(const std::vector<persistence::firing>& due, std::int64_t epoch);
  /// `execution_ids`: that calls of fire() may have taken for delivery, whose commit fell into doubt.
  std::vector<persistence::started_delivery> taken_in_doubt(const std::vector<std::string>& execution_ids,
                                                            std::int64_t epoch);

  // -- the workers' ------------------------------------------------------------
  std::vector<std::optional<persistence::claimed_execution>>
  claim(const std::vector<persistence::claim_attempt>& attempts, instant at);
  [[nodiscard]] std::vector<persistence::ready_execution> ready(const std::string& user_id, instant at,
                                                                std::size_t limit) const;
  [[nodiscard]] std::optional<instant> next_due(const std::string& user_id, instant at) const;
  std::vector<std::optional<instant>> give_back(const std::vector<persistence::held_claim>& claims);
  /// HTTP status: 200, 403, 404, 409.
  int heartbeat(const std::string& user_id, const std::string& execution_id, const std::string& worker_id, instant at);
  void worker_heartbeat(const std::string& user_id, const std::string& worker_id, instant at);

  // -- outcomes ----------------------------------------------------------------
  std::vector<persistence::recorded_outcome> record_outcomes(const std::vector<persistence::reported_outcome>& reports,
                                                             instant at);
  std::vector<persistence::recorded_attempt> record_attempts(const std::vector<persistence::attempt_result>& attempts,
                                                             instant at);

  // -- deliveries and deadlines --------------------------------------------------
  /// `doubts`: when calls of the same store took them whose commit fell into doubt. `at`: this call's own instant;
  /// `epoch`: whose call it is.
  using doubts = std::map<std::string, std::vector<instant>>;
  std::vector<persistence::started_delivery> start(const std::vector<std::string>& execution_ids,
                                                   const doubts& in_doubt, instant at, std::int64_t epoch);
  std::vector<persistence::due_delivery> ready_retries(instant at);
  [[nodiscard]] std::optional<instant> next_retry_before(instant at, instant horizon) const;
  persistence::expired_outcomes expire_outcomes(instant at);
  [[nodiscard]] std::vector<persistence::due_delivery> undispatched(instant at) const;
  [[nodiscard]] std::vector<persistence::due_delivery> forgotten(instant older_than) const;
  [[nodiscard]] std::vector<persistence::stale_delivery> stale_deliveries(instant older_than) const;
  std::vector<persistence::returned_execution> return_lost_claims(instant at);
  std::size_t miss_unclaimed(instant at);

  // -- what routes do without actors ---------------------------------------------
  void add_cue(cue_row cue);
  /// Pause, resume, another schedule: what the change says of status and next_run.
  void change_cue(const std::string& cue_id, const std::string& status, std::optional<instant> next_run);
  /// A fire by hand; answers the instant, which moves on by microseconds where one is taken.
  instant fire_by_hand(const std::string& id, const std::string& cue_id, instant at, bool in_the_future);

  // -- looking -------------------------------------------------------------------
  [[nodiscard]] const std::map<std::string, cue_row>& cues() const { return cues_; }
  [[nodiscard]] const std::unordered_map<std::string, execution_row>& executions() const { return executions_; }
  [[nodiscard]] const execution_row* find(const std::string& id) const;
  [[nodiscard]] std::size_t open() const { return open_.size(); }
  [[nodiscard]] const std::set<std::string>& open_ids() const { return open_; }
  /// Rows that are not dispatched, oldest first.
  [[nodiscard]] const std::map<std::int64_t, outbox_row>& outbox() const { return outbox_; }

private:
  using places = std::set<std::pair<instant, std::string>>; ///< of a cue's executions

  [[nodiscard]] bool is_held_back(const execution_row& e, const cue_row& c) const;
  [[nodiscard]] std::optional<persistence::released_execution> next_in_line(const execution_row& ended,
                                                                            const cue_row& c) const;
  [[nodiscard]] std::size_t under_way(const std::string& cue_id, instant newest) const;
  [[nodiscard]] const cue_row& cue_of(const execution_row& e) const { return cues_.at(e.cue_id); }
  bool make_slot(const persistence::slot_firing& slot, const cue_row& c, bool taken);
  [[nodiscard]] persistence::started_delivery started(const execution_row& e) const;
  void record_report(execution_row& e, const cue_row& c, const persistence::reported_outcome& report, instant at);
  void record_attempt(execution_row& e, const cue_row& c, const persistence::attempt_result& a, instant at) const;
  void insert(execution_row e);
  void write(const execution_row& after);
  void write(const cue_row& after);
  void index(const execution_row& e);
  void end_badly(const std::string& cue_id);
  void queue(const execution_row& e, const char* task_type, std::optional<instant> scheduled_at);

  std::map<std::string, cue_row> cues_;
  std::set<std::pair<instant, std::string>> armed_; ///< active cues with a next_run
  std::unordered_map<std::string, execution_row> executions_;
  std::unordered_map<std::string, places> of_cue_;
  std::set<std::string> open_; ///< unfinished, or their outcome deadline runs
  std::unordered_map<std::string, places> open_of_cue_;
  std::map<std::int64_t, outbox_row> outbox_;
  std::unordered_map<std::string, std::set<std::int64_t>> outbox_of_;
  std::int64_t last_outbox_id_ = 0;
  std::unordered_map<std::string, std::int64_t> taken_by_;         ///< the epoch that last started an execution
  std::set<std::string> taken_when_made_;                          ///< and never started
  std::map<std::pair<std::string, std::string>, instant> workers_; ///< last heard of
};

[[nodiscard]] bool is_unfinished(const execution_row& e);
[[nodiscard]] bool awaits_outcome(const execution_row& e);

} // namespace cued::deterministic
