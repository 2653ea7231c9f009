#pragma once

#include <string>
#include <vector>

#include "persistence/cue_runs.hpp"
#include "persistence/delivery_store.hpp"
#include "persistence/outcome_deadlines.hpp"

namespace cued::persistence {

/// How long things may take before somebody else takes them over. Source: spec/config.md §2.
struct deadline_limits {
  int execution_stale_after_seconds = 300;
  int worker_claim_timeout_seconds = 900;
  int worker_heartbeat_timeout_seconds = 180;
  int worker_unclaimed_timeout_seconds = 900;
  int batch_size = 500;
  int execution_retention_days = 0; ///< 0: history is kept for ever
  int audit_retention_days = 365;   ///< 0: the audit log is kept for ever
};

/// A worker execution that became claimable.
struct returned_execution {
  std::string execution_id, user_id;
  instant scheduled_for;
};

/// A webhook delivery that was started and never came to an end.
struct stale_delivery {
  std::string execution_id, user_id, cue_id;
  int attempts = 0; ///< recorded so far; the lost one is attempts + 1
  int retry_max_attempts = 3;
  std::string retry_backoff_json;
  int silent_seconds = 0;
  std::string retry_backoff_seconds_json = {}; ///< empty: the minutes count
  int retry_jitter_percent = 0;
  bool sender_gone = false; ///< it was taken by a node that is none any more
};

/// What the deadline clock asks of the store: all that becomes due by waiting, apart from cues.
/// Each statement repeats its whole condition where it writes, so that nothing overtakes a newer state.
/// Source: spec/delivery.md §7, §9, §4; spec/workers.md §6, §7.
class deadline_store {
public:
  virtual ~deadline_store() = default;

  /// Retries whose time has come: `retry_ready`, with their outbox row, in one commit.
  virtual result<std::vector<due_delivery>> ready_retries(instant now) = 0;

  /// The soonest retry, postponed delivery or outcome deadline after `now`, if there is one before `horizon`.
  virtual result<std::optional<instant>> next_retry_before(instant now, instant horizon) = 0;

  /// A batch of executions whose outcome deadline has passed: see persistence/outcome_deadlines.hpp.
  virtual result<expired_outcomes> expire_outcomes(instant now) = 0;

  /// Deliveries that wait in the outbox and are due: whoever wrote them may be gone.
  virtual result<std::vector<due_delivery>> undispatched(instant now) = 0;

  /// Webhook executions that wait although their outbox row says dispatched, or that have none: what a lost queue
  /// leaves behind (spec/schema.md §7.4). Looks at all open executions.
  virtual result<std::vector<due_delivery>> forgotten(instant older_than) = 0;

  /// Deliveries in `delivering` whose row nobody has touched since `older_than`, and those whose sender is gone.
  virtual result<std::vector<stale_delivery>> stale_deliveries(instant older_than) = 0;

  /// Rows of worker cues that the webhook path of the reference had got hold of, and claims whose lease and worker are
  /// both silent: pending again.
  virtual result<std::vector<returned_execution>> return_lost_claims(instant now) = 0;

  /// Worker executions that nobody claimed in time: `missed`; a one-time cue fails with it, a recurring one pauses if
  /// its owner asked for that, and what else the cue's on_failure wants is written as notices. Returns how many.
  virtual result<std::size_t> miss_unclaimed(instant now) = 0;

  /// Alerts and letters about workers that fell silent, once per outage; see persistence/silent_workers.hpp.
  virtual result<std::size_t> tell_silent_workers(instant now) = 0;

  /// Adds what the journal of runs has to the cues: a portion, see run_fold of persistence/cue_runs.hpp. With the last
  /// one, the counts of cues are folded as well (persistence/cue_counts.hpp). Returns of how many cues is left.
  virtual result<std::size_t> fold_runs() = 0;

  /// Hourly: outbox rows dispatched, device codes and events that have outlived their time. Source: spec/delivery.md
  /// §13.
  virtual result<std::size_t> clean_up(instant now) = 0;
};

class postgres_deadline_store final : public deadline_store {
public:
  postgres_deadline_store(connection_options options, deadline_limits limits)
      : link_{std::move(options)}, limits_{limits} {}

  result<std::vector<due_delivery>> ready_retries(instant now) override;
  result<std::optional<instant>> next_retry_before(instant now, instant horizon) override;
  result<expired_outcomes> expire_outcomes(instant now) override;
  result<std::vector<due_delivery>> undispatched(instant now) override;
  result<std::vector<due_delivery>> forgotten(instant older_than) override;
  result<std::vector<stale_delivery>> stale_deliveries(instant older_than) override;
  result<std::vector<returned_execution>> return_lost_claims(instant now) override;
  result<std::size_t> miss_unclaimed(instant now) override;
  result<std::size_t> tell_silent_workers(instant now) override;
  result<std::size_t> fold_runs() override;
  result<std::size_t> clean_up(instant now) override;

private:
  connection link_;
  deadline_limits limits_;
  run_fold fold_;
};

} // namespace cued::persistence
