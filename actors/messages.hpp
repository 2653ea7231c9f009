#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <caf/allowed_unsafe_message_type.hpp>

#include "actors/deliver/delivery_room.hpp"
#include "actors/deliver/webhook_sender.hpp"
#include "actors/engine.hpp"
#include "actors/reply.hpp"
#include "persistence/claim_store.hpp"
#include "persistence/delivery_store.hpp"
#include "persistence/notice_store.hpp"
#include "persistence/outcome_store.hpp"

/// What actors say to each other. All of it stays in this process, so CAF never has to serialise it.
/// A message that carries a reply and is dropped (its receiver died) answers with 503 by itself: see actors/reply.hpp.
namespace cued::actors {

// -- to the shard in charge of an execution ---------------------------------

struct claim_message { ///< of one execution
  claim_request request;
  reply<claim_grant> answer;
  bool by_id = true; ///< its tenant has not chosen it, and must be told that it is gone
};
/// What became of claims, in the order in which they were asked for, on its way to whoever tells it. If nobody takes
/// it, because he died meanwhile, what was won is handed to `give_back`: it would be nobody's. Thread: any.
class settled_claims {
public:
  using answers = std::vector<result<claim_grant>>;

  settled_claims(answers settled, std::function<void(const answers&)> give_back)
      : settled_{std::move(settled)}, give_back_{std::move(give_back)} {}
  ~settled_claims() {
    if (give_back_)
      give_back_(settled_);
  }
  settled_claims(const settled_claims&) = delete;
  settled_claims& operator=(const settled_claims&) = delete;

  [[nodiscard]] const answers& look() const { return settled_; }
  /// To be called by whoever is about to tell it.
  [[nodiscard]] answers take() {
    give_back_ = nullptr;
    return std::move(settled_);
  }

private:
  answers settled_;
  std::function<void(const answers&)> give_back_;
};

struct outcome_message {
  outcome_report report;
  reply<outcome_receipt> answer;
};

// -- to a tenant, and between a tenant and the claim shards -------------------

/// To a tenant: claim up to so many of what is ready.
struct claim_next_message {
  claim_request request;
  std::size_t at_most = 1;
  reply<claim_grants> answer;
};
/// To a tenant: these were claimed by their ids, so nobody else can have them.
struct taken_message {
  std::vector<std::string> execution_ids;
};

/// What a tenant's workers may claim, and when the next of what is not yet due becomes claimable.
struct ready_list {
  std::vector<persistence::ready_execution> executions; ///< oldest first
  std::optional<instant> next_due;                      ///< only if it was asked for
};

struct fetch_ready_message {
  std::string user_id;
  std::size_t limit = 0;
  bool next_due_too = false; ///< somebody waits for what is not due yet
  reply<ready_list> answer;
};
struct ready_fetched_message {
  std::uint64_t fetch = 0; ///< which of the tenant's fetches this answers
  result<ready_list> found;
};
/// A tenant to itself: what became of the executions that it tried to claim for one of its guests.
struct claims_settled_message {
  std::uint64_t attempt = 0;
  std::shared_ptr<settled_claims> answers;
};
/// To a claim shard: there are claims in doubt.
struct give_back_message {};

/// To a tenant: executions that its workers may claim from now on.
struct became_ready_message {
  std::vector<persistence::ready_execution> executions;
};
/// To a tenant: who waits for news, see engine::wait_ready.
struct wait_ready_message {
  std::optional<std::uint64_t> seen;
  std::chrono::steady_clock::time_point until;
  reply<std::uint64_t> answer;
};
/// To a tenant: the server stops, so nobody may wait for something that is still to come.
struct stop_waiting_message {};
/// To a tenant: nobody will send to you any more; go when your work is done.
struct retire_message {};
/// A tenant to itself: has anything happened since?
struct idle_check_message {};

// -- on the way of a delivery -------------------------------------------------

/// To a deliver shard: these are due now.
struct deliver_message {
  std::vector<persistence::due_delivery> due;
};
/// For a deliver shard: this is taken, send it. Nobody else knows of it, so it outlives a member that dies.
struct started_message {
  persistence::started_delivery delivery;
  shared_seat seat;
};
/// For an outcome shard: how an attempt ended.
struct attempt_message {
  persistence::started_delivery delivery;
  webhook_response response;
};
/// For an outcome shard: an attempt that began and whose end nobody will ever report.
struct lost_attempt_message {
  persistence::started_delivery delivery; ///< only ids, attempt and retry settings are filled
  int silent_seconds = 0;
  bool retry_at_once = false; ///< its sender died, the endpoint is not to blame
};
/// What an outcome shard has to write down. Nobody else knows of it, so it outlives a member that dies: once, for it
/// may be what the member dies of.
struct unrecorded_attempt {
  std::variant<attempt_message, lost_attempt_message, persistence::attempt_result> what;
  bool inherited = false;
};
/// To a deliver shard: a slot is free again.
struct attempt_over_message {
  std::string execution_id, user_id;
};

// -- to the courier -----------------------------------------------------------

/// A notice was committed: send it at once. Losing this costs a few seconds.
struct notice_written_message {};
/// How an attempt at a notice ended. Nobody else knows of it, so it outlives a courier that dies: once.
struct notice_over_message {
  persistence::notice_kind kind{};
  persistence::notice_result result;
  bool inherited = false;
};

// -- to the clocks -------------------------------------------------------------

struct cue_changed_message {
  std::string cue_id;
};
/// To the deadline clock, and to a tenant with claims that wait: something in the database becomes due then.
struct wake_at_message {
  instant when;
};

// -- an actor to itself ----------------------------------------------------------

/// Comes after everything that was waiting when it was sent: closes the batch.
struct flush_message {};
struct tick_message {
  std::uint64_t generation = 0; ///< only the newest counts
};

// -- supervision -----------------------------------------------------------------

/// To a pool member: finish what you have begun, begin nothing new, answer when nothing is in flight.
struct drain_message {
  reply<bool> done;
};

} // namespace cued::actors

#define CUED_MESSAGE(name) CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cued::actors::name)
CUED_MESSAGE(claim_message)
CUED_MESSAGE(claim_next_message)
CUED_MESSAGE(taken_message)
CUED_MESSAGE(outcome_message)
CUED_MESSAGE(fetch_ready_message)
CUED_MESSAGE(ready_fetched_message)
CUED_MESSAGE(claims_settled_message)
CUED_MESSAGE(give_back_message)
CUED_MESSAGE(became_ready_message)
CUED_MESSAGE(wait_ready_message)
CUED_MESSAGE(stop_waiting_message)
CUED_MESSAGE(retire_message)
CUED_MESSAGE(idle_check_message)
CUED_MESSAGE(deliver_message)
CUED_MESSAGE(attempt_message)
CUED_MESSAGE(lost_attempt_message)
CUED_MESSAGE(attempt_over_message)
CUED_MESSAGE(notice_written_message)
CUED_MESSAGE(notice_over_message)
CUED_MESSAGE(cue_changed_message)
CUED_MESSAGE(wake_at_message)
CUED_MESSAGE(flush_message)
CUED_MESSAGE(tick_message)
CUED_MESSAGE(drain_message)
#undef CUED_MESSAGE
