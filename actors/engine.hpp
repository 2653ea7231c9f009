#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/reply.hpp"
#include "actors/supervisor/member_trouble.hpp"
#include "domain/instant.hpp"
#include "persistence/claim_store.hpp"

namespace cued::actors {

struct claim_request {
  std::string user_id;
  std::string execution_id; ///< canonical uuid; empty: the oldest that are ready
  std::string worker_id;
  /// Of a claim without execution_id: how long it may wait for one to become ready.
  std::chrono::milliseconds wait{0};
  /// Becomes true when the client has hung up; a claim that waits is then given nothing. Null: nobody can tell.
  std::shared_ptr<const std::atomic<bool>> abandoned = nullptr;
  bool with_work = false; ///< what is won is answered with all that it takes to run it
};
[[nodiscard]] inline bool is_abandoned(const claim_request& request) {
  return request.abandoned && request.abandoned->load(std::memory_order_relaxed);
}

struct claim_grant {
  std::string execution_id;
  std::optional<persistence::claimed_work> work = {}; ///< of a claim `with_work`
  instant claimed_at = {};                            ///< the claim is known by
};
using claim_grants = std::vector<claim_grant>;

/// A handler's report, already validated (spec/executions.md §5). JSON members are JSON text.
struct outcome_report {
  std::string user_id;
  std::string execution_id; ///< canonical uuid
  bool success = false;
  std::optional<std::string> result, error, metadata_json;
  std::optional<std::string> external_id, result_url, result_ref, result_type, summary, artifacts_json;
  bool metadata_too_large = false; ///< judged after existence and write-once: spec/executions.md §5 steps 1 to 3
};
struct outcome_receipt {
  std::string outcome_state; ///< reported_success, reported_failure, verified_success, ...
};
using outcome_receipts = std::vector<result<outcome_receipt>>; ///< in the order of the reports

/// The actors as everybody else sees them: typed requests in, replies out. Any thread may call; nothing here blocks
/// or throws. Errors in a reply: 409 `claim_failed`; 404 `execution_not_found`, 409 `outcome_already_recorded`,
/// 400 `metadata_too_large`;
/// 503 `service_unavailable` when the actor in charge died or Postgres is away.
class engine {
public:
  virtual ~engine() = default;

  virtual void claim(claim_request request, reply<claim_grant> answer) = 0;
  /// Up to `at_most` of the oldest that are ready, oldest first; `request.execution_id` is not looked at. As soon as
  /// there is one it is answered, with as many as there are then; after `request.wait` with none. What was won is
  /// answered even where others could not be had because a shard failed; an error means that nothing was won.
  virtual void claim_many(claim_request request, std::size_t at_most, reply<claim_grants> answer) = 0;
  /// Waits until something may have become claimable for the user's workers. News are numbered: `seen` is the number
  /// of those the caller knows, and the answer comes as soon as there are newer ones, or after `wait` with the number
  /// there is. Without `seen` the answer comes at once: ask so, look, then wait. Nothing is claimed, and the news may
  /// be about an execution that somebody else takes first.
  virtual void wait_ready(const std::string& user_id, std::optional<std::uint64_t> seen, std::chrono::milliseconds wait,
                          reply<std::uint64_t> answer) = 0;

  virtual void report_outcome(outcome_report report, reply<outcome_receipt> answer) = 0;
  /// Reports of one user, each judged as if it came alone; of several on one execution the first counts. An error
  /// means that none of them was looked at.
  virtual void report_outcomes(std::vector<outcome_report> reports, reply<outcome_receipts> answer) = 0;

  /// A cue's schedule or status was committed: the clock reads it again. Losing this costs at most
  /// POLLER_INTERVAL_SECONDS.
  virtual void cue_changed(const std::string& cue_id) = 0;

  /// An execution (fire, replay) was committed: deliver it at `due`, or let its tenant's workers have it.
  virtual void execution_created(const std::string& user_id, const std::string& execution_id, bool webhook,
                                 instant due) = 0;

  /// Which parts of the engine are not well, by name; empty: all are.
  [[nodiscard]] virtual std::vector<member_trouble> troubles() const { return {}; }
};

} // namespace cued::actors
