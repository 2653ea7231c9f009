#include "actors/clock/deadline_clock.hpp"

#include <algorithm>
#include <map>

#include <spdlog/spdlog.h>

#include "persistence/silent_workers.hpp"

namespace cued::actors {
namespace {

/// The wall clock may be stepped while we sleep: never sleep longer than this.
constexpr std::chrono::seconds sleep_at_most{1};
/// Retries further away than this are found by a later look.
constexpr std::chrono::seconds look_ahead{60};
/// Executions that no outbox row speaks for are looked for at every such sweep, and only if nothing has happened to
/// them for as long: once a minute with the default of POLLER_INTERVAL_SECONDS.
constexpr int search_every_sweeps = 12;
constexpr std::chrono::hours clean_up_every{1};
/// How far the counters in the rows of cues may be behind. A look at the journal takes longer the longer somebody holds
/// a snapshot, as what was removed stays in its way; so each portion is followed by a pause of as many times its
/// length.
constexpr std::chrono::seconds fold_every{10};
constexpr int pauses_of_a_portion = 10;

} // namespace

deadline_clock::deadline_clock(caf::actor_config& config, std::unique_ptr<persistence::deadline_store> store,
                               const time_source& clock, directory& others, probe& probe,
                               deadline_clock_settings settings)
    : pool_member{config}, store_{std::move(store)}, clock_{clock}, others_{others}, probe_{probe}, settings_{
                                                                                                        settings} {}

caf::behavior deadline_clock::make_behavior() {
  wake_at_ = clock_.now();
  arm();
  return {
      [this](tick_message m) { on_tick(m); },
      [this](wake_at_message m) { on_wake_at(m); },
      [this](const drain_message& m) { on_drain(m); },
  };
}

void deadline_clock::arm() {
  if (draining_)
    return;
  const auto wait = std::clamp<std::chrono::microseconds>(std::min({wake_at_, next_sweep_, next_fold_}) - clock_.now(),
                                                          std::chrono::microseconds{0}, sleep_at_most);
  delayed_send(this, wait, tick_message{++generation_});
}

void deadline_clock::on_wake_at(wake_at_message message) {
  if (message.when >= wake_at_)
    return;
  wake_at_ = message.when;
  arm();
}

void deadline_clock::on_tick(tick_message message) {
  if (message.generation != generation_ || draining_)
    return;
  const auto now = clock_.now();
  if (now >= wake_at_)
    hand_over_what_is_due(now);
  if (nodes_changed() || now >= next_sweep_) // somebody may have left something behind
    sweep(now);
  if (now >= next_fold_)
    fold_runs(now);
  arm();
}

void deadline_clock::hand_over_what_is_due(instant now) {
  wake_at_ = now + settings_.sweep_every; // if Postgres is away, try again then
  for (;;) {
    show_life();
    const auto retries = store_->ready_retries(now);
    if (!retries)
      return;
    if (retries->empty())
      break;
    others_.deliver(*retries);
  }
  show_life();
  if (const auto waiting = store_->undispatched(now))
    others_.deliver(*waiting);
  expire_outcomes(now);
  show_life();
  if (const auto next = store_->next_retry_before(now, now + look_ahead))
    wake_at_ = next->value_or(now + look_ahead);
}

void deadline_clock::expire_outcomes(instant now) {
  for (;;) {
    show_life();
    const auto expired = store_->expire_outcomes(now);
    if (!expired || expired->executions == 0)
      return;
    spdlog::info("no outcome was reported in time for {} executions", expired->executions);
    probe_.outcome_timeouts(expired->executions);
    others_.send_all(pool::courier, notice_written_message{});
    others_.announce(expired->released);
  }
}

void deadline_clock::sweep(instant now) {
  next_sweep_ = now + settings_.sweep_every;
  hand_over_what_is_due(now);
  if (std::exchange(first_sweep_, false) && settings_.sole_owner_since)
    recover_silent_deliveries(*settings_.sole_owner_since, true);
  recover_silent_deliveries(now - settings_.stale_after, false);
  return_lost_claims(now);
  if (!miss_unclaimed(now))
    listening_since_.reset();
  else
    tell_silent_workers(now);
  if (now >= next_search_)
    hand_over_forgotten(now);
  if (now >= next_clean_up_) {
    next_clean_up_ = now + clean_up_every;
    show_life();
    if (const auto removed = store_->clean_up(now); removed && *removed > 0)
      spdlog::info("clean-up removed {} rows", *removed);
  }
}

bool deadline_clock::nodes_changed() {
  if (!settings_.seat)
    return false;
  const auto number = settings_.seat->roster()->number;
  return std::exchange(roster_, number) != number;
}

void deadline_clock::fold_runs(instant now) {
  const auto began = std::chrono::steady_clock::now(); // the wall clock may be stepped meanwhile
  show_life();
  const auto left = store_->fold_runs();
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began);
  next_fold_ = now + (1 + pauses_of_a_portion) * took;
  if (left.value_or(0) == 0)
    next_fold_ = std::max(next_fold_, now + fold_every);
}

void deadline_clock::recover_silent_deliveries(instant older_than, bool at_once) {
  show_life();
  const auto silent = store_->stale_deliveries(older_than);
  if (!silent)
    return;
  for (const auto& s : *silent) {
    lost_attempt_message lost;
    lost.delivery.execution_id = s.execution_id;
    lost.delivery.user_id = s.user_id;
    lost.delivery.cue_id = s.cue_id;
    lost.delivery.attempt = s.attempts + 1;
    lost.delivery.retry_max_attempts = s.retry_max_attempts;
    lost.delivery.retry_backoff_json = s.retry_backoff_json;
    lost.delivery.retry_backoff_seconds_json = s.retry_backoff_seconds_json;
    lost.delivery.retry_jitter_percent = s.retry_jitter_percent;
    lost.silent_seconds = s.silent_seconds;
    lost.retry_at_once = at_once || s.sender_gone;
    others_.write_down(s.execution_id, {std::move(lost)});
  }
}

void deadline_clock::return_lost_claims(instant now) {
  show_life();
  const auto returned = store_->return_lost_claims(now);
  if (!returned)
    return;
  std::map<std::string, became_ready_message> per_tenant;
  for (const auto& r : *returned) {
    spdlog::info("execution {} was given back: its worker fell silent", r.execution_id);
    per_tenant[r.user_id].executions.push_back({r.scheduled_for, r.execution_id});
  }
  for (auto& [user_id, message] : per_tenant)
    others_.send_present_tenant(user_id, std::move(message));
}

bool deadline_clock::miss_unclaimed(instant now) {
  show_life();
  const auto missed = store_->miss_unclaimed(now);
  if (missed && *missed > 0) {
    spdlog::info("{} executions were claimed by no worker in time", *missed);
    others_.send_all(pool::courier, notice_written_message{});
  }
  return missed.has_value();
}

/// After a start, and after the database was away, workers get time to be heard before their silence is told: it may
/// have been ours.
void deadline_clock::tell_silent_workers(instant now) {
  if (!listening_since_)
    listening_since_ = now;
  if (now - *listening_since_ <= persistence::worker_offline_after)
    return;
  show_life();
  const auto silent = store_->tell_silent_workers(now);
  if (!silent)
    listening_since_.reset();
  else if (*silent > 0)
    others_.send_all(pool::courier, notice_written_message{});
}

void deadline_clock::hand_over_forgotten(instant now) {
  const auto search_every = settings_.sweep_every * search_every_sweeps;
  next_search_ = now + search_every;
  show_life();
  if (const auto forgotten = store_->forgotten(now - search_every); forgotten && !forgotten->empty()) {
    spdlog::warn("{} executions had been forgotten by whoever queued them; delivering", forgotten->size());
    others_.deliver(*forgotten);
  }
}

void deadline_clock::on_drain(const drain_message& message) {
  draining_ = true;
  message.done(true);
}

} // namespace cued::actors
