#include "tests/deterministic/invariants.hpp"

#include <algorithm>

#include "domain/execution_state.hpp"
#include "domain/timestamp.hpp"

namespace cued::deterministic {
namespace {

using namespace std::chrono_literals;

/// Clocks of nodes may differ by so much; an instant may come so much early.
constexpr auto skew_at_most = 2s;
constexpr int events = static_cast<int>(execution_event::adopted) + 1;

[[noreturn]] void broken(const std::string& promise, const std::string& id, const std::string& how = {}) {
  throw violation{promise + ": " + id + (how.empty() ? "" : " (" + how + ")")};
}

bool is_edge(const execution_row& before, const execution_row& after, bool webhook) {
  const auto from = execution_status_from(before.status), to = execution_status_from(after.status);
  if (!from || !to)
    return false;
  for (int e = 0; e < events; ++e)
    for (const bool left : {true, false}) {
      const auto t =
          apply({*from, webhook ? transport::webhook : transport::worker, left}, static_cast<execution_event>(e));
      if (t && t->to == *to)
        return true;
    }
  return false;
}

/// A claim that nobody was told of was undone, with its attempt.
bool is_given_back(const execution_row& before, const execution_row& after) {
  return before.status == "delivering" && after.status == "pending" && after.attempts == before.attempts - 1;
}

} // namespace

invariants::invariants(const store_model& store, instant now) : store_{store}, now_{now} {}

const execution_row& invariants::row(const std::string& execution_id, const char* why) const {
  const auto* e = store_.find(execution_id);
  if (!e)
    broken("what was answered is in the store", execution_id, why);
  return *e;
}

// -- writes -----------------------------------------------------------------------

void invariants::cue_written(const cue_row* before, const cue_row& after) {
  auto& kept = cues_[after.id];
  if (!before) {
    kept.first = after.next_run.value();
    if (after.once)
      kept.next = [](instant) { return std::optional<instant>{}; };
    else
      kept.next =
          slots_of({schedule_type::recurring, after.cron, std::nullopt, after.zone}, cron_seed(after.id), overlap::once)
              .value();
    kept.complete = !after.catch_up && !after.overlap_policy && !after.catch_up_window_seconds;
    return;
  }
  // Paused, or a one-time cue that came to its end by a fire by hand before its instant.
  if (before->status == "active" && after.status != "active" && (after.next_run || after.status == "paused"))
    kept.complete = false;
  const bool moved_back = before->next_run && after.next_run && *after.next_run < *before->next_run;
  if (moved_back && before->status == "active")
    broken("a cue moves on", after.id, format_z(*before->next_run) + " to " + format_z(*after.next_run));
  if (after.fired_count < before->fired_count || after.run_count < before->run_count)
    broken("counters grow", after.id);
}

void invariants::made(const execution_row& e) {
  const auto [place, is_new] = slots_[e.cue_id].emplace(e.scheduled_for, e.id);
  if (!is_new)
    broken("one execution per cue and instant", e.id, "of " + e.cue_id + ", beside " + place->second);
  if (e.attempts != 0 || e.outcome_recorded_at)
    broken("executions are born without a past", e.id);
  if (e.status != "pending" && e.status != "missed" && !(e.status == "delivering" && cue_of(e).webhook))
    broken("executions are born pending, missed or taken for delivery", e.id);
  if (e.triggered_by)
    return;
  if (e.scheduled_for > now_ + skew_at_most)
    broken("nothing fires before its instant", e.id, format_z(e.scheduled_for));
  const auto& kept = cues_.at(e.cue_id);
  const auto& c = cue_of(e);
  const bool of_schedule = c.once ? e.scheduled_for == kept.first : kept.next(e.scheduled_for - 1us) == e.scheduled_for;
  if (!of_schedule)
    broken("only instants of the schedule fire", e.id, format_z(e.scheduled_for));
}

void invariants::execution_written(const execution_row* before, const execution_row& after) {
  if (!before)
    return made(after);
  check_identity(*before, after);
  check_outcome(*before, after);
  if (before->status != after.status)
    check_edge(*before, after);
  cue_of(after).webhook ? check_webhook_edge(*before, after) : check_worker_edge(*before, after);
}

void invariants::check_identity(const execution_row& before, const execution_row& after) const {
  if (before.cue_id != after.cue_id || before.scheduled_for != after.scheduled_for ||
      before.triggered_by != after.triggered_by || before.created_at != after.created_at ||
      before.backfilled != after.backfilled)
    broken("what an execution is never changes", after.id);
  const bool given_back = is_given_back(before, after);
  if (after.attempts != before.attempts && after.attempts != before.attempts + 1 && !given_back)
    broken("attempts go up by one", after.id,
           std::to_string(before.attempts) + " to " + std::to_string(after.attempts));
}

void invariants::check_outcome(const execution_row& before, const execution_row& after) const {
  const bool same = before.outcome_recorded_at == after.outcome_recorded_at &&
                    before.outcome_success == after.outcome_success && before.outcome_result == after.outcome_result &&
                    before.outcome_state == after.outcome_state;
  if (before.outcome_recorded_at && !same)
    broken("an outcome is recorded once", after.id,
           before.outcome_result.value_or("") + " became " + after.outcome_result.value_or(""));
}

void invariants::check_edge(const execution_row& before, const execution_row& after) const {
  if (!is_edge(before, after, cue_of(after).webhook))
    broken("states change along their edges", after.id, before.status + " to " + after.status);
  if (after.status == "outcome_timeout" &&
      (before.outcome_recorded_at || !before.outcome_deadline_at || *before.outcome_deadline_at > now_ + skew_at_most))
    broken("an outcome deadline is kept", after.id);
}

void invariants::check_webhook_edge(const execution_row& before, const execution_row& after) const {
  const bool ended = before.status == "delivering" && after.status != "delivering";
  if (ended != (after.attempts == before.attempts + 1))
    broken("an attempt counts when it ends", after.id, before.status + " to " + after.status);
  if (before.status == "retrying" && after.status == "retry_ready" &&
      (!before.next_retry || *before.next_retry > now_ + skew_at_most))
    broken("a retry waits for its instant", after.id);
  if (after.status == "retrying" && !after.next_retry)
    broken("a retry has an instant", after.id);
}

void invariants::check_worker_edge(const execution_row& before, const execution_row& after) {
  const bool claimed =
      after.claimed_at && (before.claimed_at != after.claimed_at || before.claimed_by != after.claimed_by);
  if (claimed) {
    if (before.status != "pending" || before.claimed_by)
      broken("one holder of a claim", after.id, before.claimed_by.value_or("") + ", " + after.claimed_by.value_or(""));
    if (before.scheduled_for > *after.claimed_at)
      broken("nothing is claimed before its instant", after.id);
    claims_[after.id].push_back({after.claimed_by.value()});
  }
  if (claimed != (after.attempts == before.attempts + 1))
    broken("a claim counts as an attempt", after.id);
  if (before.status == "delivering" && after.status == "pending")
    check_return(before, after);
}

void invariants::check_return(const execution_row& before, const execution_row& after) {
  if (is_given_back(before, after)) {
    auto& last = claims_.at(after.id).back();
    if (last.answered)
      broken("who was told that he has a claim keeps it", after.id, last.worker_id);
    last.given_back = true;
  } else {
    const auto heard = heard_.find({cue_of(after).user_id, before.claimed_by.value_or("")});
    const auto silent_since = now_ - std::chrono::seconds{store_.limits.worker_heartbeat_timeout_seconds};
    if (heard != heard_.end() && heard->second >= silent_since + skew_at_most)
      broken("who is heard keeps his claim", after.id, before.claimed_by.value_or(""));
    if (before.claimed_at &&
        *before.claimed_at > now_ + skew_at_most - std::chrono::seconds{store_.limits.worker_claim_timeout_seconds})
      broken("a lease lasts", after.id);
  }
}

// -- the outside --------------------------------------------------------------------

void invariants::worker_heard(const std::string& user_id, const std::string& worker_id, instant at) {
  heard_[{user_id, worker_id}] = at;
}

void invariants::request_leaves(const std::string& execution_id, int attempt) {
  const auto& e = row(execution_id, "a webhook");
  auto& last = last_sent_[execution_id];
  if (attempt <= last)
    broken("each attempt is sent once", execution_id, "attempt " + std::to_string(attempt));
  last = attempt;
  // Its row may have been taken from it already, but never before it was taken for this attempt.
  if (e.attempts + 1 < attempt || (e.attempts + 1 == attempt && e.status != "delivering"))
    broken("what is sent was taken before", execution_id, e.status);
}

void invariants::request_accepted(const std::string& execution_id) { accepted_.insert(execution_id); }

void invariants::claim_answered(const std::string& execution_id, const std::string& worker_id) {
  row(execution_id, "a claim");
  auto& all = claims_[execution_id];
  const auto mine = std::ranges::find_if(
      all, [&](const claim& c) { return c.worker_id == worker_id && !c.answered && !c.given_back; });
  if (mine == all.end())
    broken("what was answered is in the store", execution_id, "a claim of " + worker_id);
  mine->answered = true;
}

void invariants::outcome_answered(const std::string& execution_id, const std::string& token) {
  if (row(execution_id, "an outcome").outcome_result != token)
    broken("what was answered is in the store", execution_id, "outcome " + token);
  outcomes_.emplace(execution_id, token);
}

void invariants::fire_answered(const std::string& execution_id) { row(execution_id, "a fire"); }

// -- the end --------------------------------------------------------------------------

void invariants::check_slots(const cue_row& c, const kept_cue& kept, instant until) const {
  const auto found = slots_.find(c.id);
  for (std::optional<instant> at = kept.first; at && *at <= until; at = kept.next(*at))
    if (found == slots_.end() || !found->second.contains(*at))
      broken("every instant fires", c.id, format_z(*at));
}

void invariants::everything_ended(instant calm) const {
  for (const auto& [id, kept] : cues_) {
    const auto& c = store_.cues().at(id);
    if (c.status == "active" && c.next_run && *c.next_run < now_ - 1min)
      broken("what is due fires", id, "its next_run is " + format_z(*c.next_run));
    if (kept.complete)
      check_slots(c, kept, calm);
  }
  for (const auto& id : store_.open_ids()) {
    const auto& e = *store_.find(id);
    if (e.scheduled_for < calm && e.created_at < calm)
      broken("everything comes to its end", id, e.status + " of " + e.cue_id + " since " + format_z(e.scheduled_for));
  }
  for (const auto& [id, e] : store_.executions()) {
    if (e.status == "success" && cue_of(e).webhook && !accepted_.contains(id))
      broken("delivered means accepted", id);
    if (const auto told = outcomes_.find(id); told != outcomes_.end() && e.outcome_result != told->second)
      broken("an outcome that was acknowledged stays", id, told->second);
  }
}

} // namespace cued::deterministic
