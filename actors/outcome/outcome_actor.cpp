#include "actors/outcome/outcome_actor.hpp"

#include <algorithm>
#include <iterator>
#include <variant>

#include <spdlog/spdlog.h>

#include "actors/answering_together.hpp"
#include "actors/outcome/attempt_verdict.hpp"

namespace cued::actors {
namespace {

/// While Postgres is away, attempts are tried again after this long.
constexpr std::chrono::milliseconds retry_pause{250};
/// Nobody waits for an attempt to be recorded, but reports wait for the statement that is under way: after a storm of
/// webhooks it must be a short one.
constexpr std::size_t attempts_at_once_at_most = 250;
/// Beyond this many the oldest are let go; their rows are recovered as stale deliveries.
constexpr std::size_t attempts_kept_at_most = 100'000;

persistence::reported_outcome to_store(outcome_report&& r) {
  return {std::move(r.user_id),     std::move(r.execution_id), r.success,
          std::move(r.result),      std::move(r.error),        std::move(r.metadata_json),
          std::move(r.external_id), std::move(r.result_url),   std::move(r.result_ref),
          std::move(r.result_type), std::move(r.summary),      std::move(r.artifacts_json),
          r.metadata_too_large};
}

/// Whether somebody may have been written a notice: a hint, so it need not be exact.
bool worth_telling(const persistence::recorded_outcome& recorded) {
  return recorded.outcome_state == "reported_failure" || recorded.outcome_state == "verification_failed";
}

result<outcome_receipt> answer_of(const persistence::recorded_outcome& recorded) {
  using verdict = persistence::recorded_outcome::verdict;
  switch (recorded.what) {
  case verdict::recorded:
    return outcome_receipt{recorded.outcome_state};
  case verdict::already_recorded:
    return fail(409, "outcome_already_recorded", "Outcome already recorded for this execution");
  case verdict::refused:
    return fail(400, "metadata_too_large", "Metadata must be at most 10240 bytes");
  case verdict::not_now:
    return fail(unavailable("The database is not reachable"));
  case verdict::not_found:
    break;
  }
  return fail(404, "execution_not_found", "Execution not found");
}

} // namespace

outcome_actor::outcome_actor(caf::actor_config& config, std::unique_ptr<persistence::outcome_store> store,
                             const time_source& clock, const directory& others, std::size_t index, probe& probe,
                             std::size_t batch_rows, std::uint64_t seed)
    : pool_member{config}, inbox_{others.reports_for(index)}, ended_{others.attempts_for(index)}, chance_{seed},
      store_{std::move(store)}, clock_{clock}, batch_clock_{clock}, others_{others}, probe_{probe}, batch_rows_{
                                                                                                        batch_rows} {}

caf::behavior outcome_actor::make_behavior() {
  return {
      [this](flush_message) { on_flush(); },
      [this](tick_message) { on_tick(); },
      [this](const drain_message& m) { on_drain(m); },
  };
}

void outcome_actor::on_exit() { leave_to_successor(); }

void outcome_actor::leave_to_successor() {
  arrived_.clear();
  reports_.clear();
  for (auto& one : attempts_)
    if (!one.inherited)
      ended_.put({std::move(one.attempt), true});
  attempts_.clear();
  for (auto& one : unjudged_)
    ended_.put(std::move(one));
  unjudged_.clear();
}

void outcome_actor::join_arrived() {
  inbox_.take(arrived_);
  for (auto& report : arrived_)
    reports_.push(report.report.user_id, std::move(report));
  arrived_.clear();
}

/// One that cannot be judged, and ends this actor, is gone by then: its successor has the others.
void outcome_actor::judge_arrived() {
  ended_.take(ended_just_arrived_);
  unjudged_.insert(unjudged_.end(), std::make_move_iterator(ended_just_arrived_.begin()),
                   std::make_move_iterator(ended_just_arrived_.end()));
  ended_just_arrived_.clear();
  while (!unjudged_.empty()) {
    const auto one = std::move(unjudged_.front());
    unjudged_.pop_front();
    keep_attempt(std::visit([this](const auto& what) { return judge(what); }, one.what), one.inherited);
  }
}

persistence::attempt_result outcome_actor::judge(const attempt_message& message) {
  auto attempt = judge_attempt(message.delivery, message.response, clock_.now(), spread_(chance_));
  probe_.delivery(attempt.what);
  return attempt;
}

persistence::attempt_result outcome_actor::judge(const lost_attempt_message& message) {
  return judge_lost_attempt(message.delivery, message.silent_seconds, message.retry_at_once, clock_.now(),
                            spread_(chance_));
}

void outcome_actor::keep_attempt(persistence::attempt_result attempt, bool inherited) {
  if (attempts_.size() >= attempts_kept_at_most) {
    spdlog::error("too many attempts wait to be recorded; execution {} will be recovered as stale",
                  attempts_.front().attempt.execution_id);
    attempts_.pop_front();
  }
  attempts_.push_back({std::move(attempt), inherited});
}

void outcome_actor::arm() {
  if (armed_)
    return;
  armed_ = true;
  send(this, flush_message{});
}

void outcome_actor::on_flush() {
  armed_ = false;
  join_arrived();
  judge_arrived();
  record_reports();
  if (!attempts_wait_)
    record_attempts();
  if (!reports_.empty() || (!attempts_.empty() && !attempts_wait_))
    arm();
}

void outcome_actor::on_tick() {
  attempts_wait_ = false;
  arm();
}

void outcome_actor::record_reports() {
  auto batch = reports_.take(batch_rows_);
  if (batch.empty())
    return;
  std::vector<persistence::reported_outcome> reports;
  reports.reserve(batch.size());
  for (auto& m : batch)
    reports.push_back(to_store(std::move(m.report)));

  const auto at = batch_clock_.next();
  show_life();
  auto away = into_store([this, &batch] {
    batch.clear();
    leave_to_successor();
  });
  const auto recorded = store_->record_outcomes(reports, at);
  away.come_back();
  probe_.outcome_batch(reports.size());
  if (recorded && std::ranges::any_of(*recorded, worth_telling))
    others_.send_all(pool::courier, notice_written_message{});
  {
    const answering_together at_once;
    for (std::size_t i = 0; i < batch.size(); ++i)
      batch[i].answer(recorded ? answer_of((*recorded)[i]) : result<outcome_receipt>{fail(recorded.error())});
  }
  if (recorded)
    follow_up(*recorded, at);
}

bool outcome_actor::record_attempts() {
  if (attempts_.empty())
    return true;
  const auto n = std::min({attempts_.size(), batch_rows_, attempts_at_once_at_most});
  std::vector<persistence::attempt_result> batch;
  batch.reserve(n);
  for (std::size_t i = 0; i < n; ++i)
    batch.push_back(attempts_[i].attempt);
  const auto at = batch_clock_.next();
  show_life();
  auto away = into_store([this] { leave_to_successor(); });
  const auto recorded = store_->record_attempts(batch, at);
  if (away.come_back()) {
    if (recorded)
      follow_up(*recorded, at);
    return false;
  }
  if (!recorded && recorded.error().status == 503) {
    wait_for_database();
    return false;
  }
  if (!recorded)
    return record_attempts_one_by_one(batch);
  attempts_.erase(attempts_.begin(), attempts_.begin() + std::ptrdiff_t(n));
  tell_others(batch);
  follow_up(*recorded, at);
  return true;
}

/// One of a batch spoils it; each is at the front of those that are kept when its turn comes.
bool outcome_actor::record_attempts_one_by_one(const std::vector<persistence::attempt_result>& batch) {
  for (const auto& attempt : batch) {
    const auto at = batch_clock_.next();
    show_life();
    auto away = into_store([this] { leave_to_successor(); });
    const auto recorded = store_->record_attempts({attempt}, at);
    if (away.come_back()) {
      if (recorded)
        follow_up(*recorded, at);
      return false;
    }
    if (!recorded && recorded.error().status == 503) {
      wait_for_database();
      return false;
    }
    attempts_.pop_front();
    if (recorded) {
      tell_others({attempt});
      follow_up(*recorded, at);
    } else {
      spdlog::error("attempt {} of execution {} cannot be recorded; it will be recovered as stale", attempt.attempt,
                    attempt.execution_id);
    }
  }
  return true;
}

void outcome_actor::wait_for_database() {
  attempts_wait_ = true;
  delayed_send(this, retry_pause, tick_message{});
}

void outcome_actor::tell_others(const std::vector<persistence::attempt_result>& batch) const {
  std::optional<instant> soonest;
  for (const auto& attempt : batch)
    if (attempt.next_retry && (!soonest || *attempt.next_retry < *soonest))
      soonest = attempt.next_retry;
  if (soonest)
    others_.send_all(pool::deadline_clock, wake_at_message{*soonest});
  if (std::ranges::any_of(batch, [](const auto& a) { return a.what == persistence::attempt_result::verdict::failed; }))
    others_.send_all(pool::courier, notice_written_message{});
}

void outcome_actor::follow_up(const std::vector<persistence::recorded_outcome>& recorded, instant at) {
  std::vector<persistence::released_execution> released;
  for (const auto& r : recorded) {
    if (r.what != persistence::recorded_outcome::verdict::recorded)
      continue;
    probe_.reached(probe::stage::outcome, r.scheduled_for, at, r.backfilled);
    if (r.delivered)
      probe_.reached(probe::stage::delivered, r.scheduled_for, at, r.backfilled);
    if (r.next_in_line)
      released.push_back(*r.next_in_line);
  }
  others_.announce(released);
}

void outcome_actor::follow_up(const std::vector<persistence::recorded_attempt>& recorded, instant at) {
  std::vector<persistence::released_execution> released;
  std::optional<instant> soonest_deadline;
  for (const auto& r : recorded) {
    if (r.delivered)
      probe_.reached(probe::stage::delivered, r.scheduled_for, at, r.backfilled);
    if (r.outcome_deadline_at && (!soonest_deadline || *r.outcome_deadline_at < *soonest_deadline))
      soonest_deadline = r.outcome_deadline_at;
    if (r.next_in_line)
      released.push_back(*r.next_in_line);
  }
  if (soonest_deadline)
    others_.send_all(pool::deadline_clock, wake_at_message{*soonest_deadline});
  others_.announce(released);
}

void outcome_actor::on_drain(const drain_message& message) {
  join_arrived();
  judge_arrived();
  while (!reports_.empty())
    record_reports();
  while (!attempts_.empty() && record_attempts()) {
  }
  if (!attempts_.empty())
    spdlog::warn("{} attempts could not be recorded before the end; they will be recovered as stale", attempts_.size());
  message.done(attempts_.empty());
}

} // namespace cued::actors
