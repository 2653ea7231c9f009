#include "actors/clock/cue_clock.hpp"

#include <algorithm>
#include <iterator>
#include <unordered_set>

#include <spdlog/spdlog.h>

#include "actors/batching.hpp"
#include "domain/missed_runs.hpp"
#include "domain/timestamp.hpp"

namespace cued::actors {
namespace {

using namespace std::chrono_literals;

/// Only this much of the future is kept in memory.
constexpr std::chrono::seconds horizon{60};
constexpr std::size_t horizon_rows_at_most = 200'000;
/// The wall clock may be stepped while we sleep: never sleep longer than this.
constexpr std::chrono::seconds sleep_at_most{1};
/// While Postgres is away, firing is tried again after this long.
constexpr std::chrono::milliseconds outage_pause{250};
/// A cue that cannot be fired is left alone for this long, so that it does not hold up the others.
constexpr std::chrono::seconds poison_pause{60};

} // namespace

cue_clock::cue_clock(caf::actor_config& config, std::unique_ptr<persistence::clock_store> store,
                     const time_source& clock, const directory& others, probe& probe, clock_pulse& pulse,
                     cue_clock_settings settings)
    : pool_member{config}, store_{std::move(store)}, clock_{clock}, others_{others}, probe_{probe}, pulse_{pulse},
      settings_{std::move(settings)} {}

caf::behavior cue_clock::make_behavior() {
  arm();
  return {
      [this](tick_message m) { on_tick(m); },
      [this](const cue_changed_message& m) { on_cue_changed(m); },
      [this](const drain_message& m) { on_drain(m); },
  };
}

bool cue_clock::mine(const std::string& cue_id) const {
  return directory::shard_of(cue_id, settings_.shards) == settings_.shard;
}

void cue_clock::arm(std::chrono::microseconds at_least) {
  if (draining_)
    return;
  auto next = next_reload_;
  if (!by_instant_.empty())
    next = std::min(next, by_instant_.begin()->first);
  const auto wait = std::clamp<std::chrono::microseconds>(next - clock_.now(), at_least, sleep_at_most);
  delayed_send(this, wait, tick_message{++generation_});
}

void cue_clock::on_tick(tick_message message) {
  if (message.generation != generation_ || draining_)
    return;
  const auto now = clock_.now();
  if (now >= next_reload_)
    reload(now);
  const bool reachable = fire_due(now);
  arm(reachable ? std::chrono::microseconds{0} : outage_pause);
}

void cue_clock::on_cue_changed(const cue_changed_message& message) {
  if (!mine(message.cue_id))
    return;
  put_aside_until_.erase(message.cue_id);
  look_again(message.cue_id);
  arm();
}

void cue_clock::look_again(const std::string& cue_id) {
  auto found = store_->find_armed(cue_id);
  if (!found)
    return; // Postgres is away: what we hold stays a hint, the next reload corrects it
  drop(cue_id);
  if (*found)
    keep(std::move(**found));
}

void cue_clock::reload(instant now) {
  const auto began = std::chrono::steady_clock::now();
  next_reload_ = now + settings_.reload_every;
  auto upcoming = store_->armed_until(now + horizon, horizon_rows_at_most);
  if (!upcoming)
    return;
  std::erase_if(put_aside_until_, [now](const auto& entry) { return entry.second <= now; });
  armed_.clear();
  by_instant_.clear();
  for (auto& cue : *upcoming)
    if (mine(cue.cue_id))
      keep(std::move(cue));
  pulse_.beat(now, std::exchange(processed_, 0),
              std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began));
}

void cue_clock::keep(persistence::armed_cue cue) {
  if (cue.next_run >= clock_.now() + horizon || put_aside_until_.contains(cue.cue_id))
    return;
  by_instant_.emplace(cue.next_run, cue.cue_id);
  const auto id = cue.cue_id;
  armed_.insert_or_assign(id, std::move(cue));
}

void cue_clock::drop(const std::string& cue_id) {
  if (const auto it = armed_.find(cue_id); it != armed_.end()) {
    by_instant_.erase({it->second.next_run, cue_id});
    armed_.erase(it);
  }
}

bool cue_clock::fire_due(instant now) {
  for (;;) {
    auto batch = take_on_time(now);
    if (batch.empty())
      break;
    if (!fire(std::move(batch), now))
      return false;
  }
  auto late = take_late(now);
  return late.empty() || fire(std::move(late), now);
}

std::vector<persistence::firing> cue_clock::take_on_time(instant now) const {
  std::vector<persistence::firing> due;
  std::size_t rows = 0;
  for (auto it = by_instant_.lower_bound({now - settings_.grace(), std::string{}});
       it != by_instant_.end() && it->first <= now && rows < batch_rows_at_most; ++it) {
    due.push_back(plan(armed_.at(it->second), now, batch_rows_at_most - rows));
    rows += std::max<std::size_t>(due.back().slots.size(), 1);
  }
  return due;
}

/// Late cues share a batch evenly, so that one with a long past does not keep the others in theirs.
std::vector<persistence::firing> cue_clock::take_late(instant now) const {
  const auto end = by_instant_.lower_bound({now - settings_.grace(), std::string{}});
  const auto cues = std::min(static_cast<std::size_t>(std::distance(by_instant_.begin(), end)), batch_rows_at_most);
  std::vector<persistence::firing> late;
  for (auto it = by_instant_.begin(); it != end && late.size() < cues; ++it)
    late.push_back(plan(armed_.at(it->second), now, batch_rows_at_most / cues));
  return late;
}

persistence::firing cue_clock::plan(const persistence::armed_cue& cue, instant now, std::size_t slots) const {
  const missed_run_rules rules{
      cue.catch_up ? to_catch_up(*cue.catch_up).value_or(catch_up::all) : catch_up::all,
      cue.catch_up_window_seconds ? std::optional{std::chrono::seconds{*cue.catch_up_window_seconds}} : std::nullopt,
      settings_.grace()};
  slot_after after = [](instant) { return std::optional<instant>{}; };
  bool exhaustible = false;
  if (cue.recurring && !cue.cron.empty()) {
    const schedule stored{schedule_type::recurring, cue.cron, std::nullopt, cue.time_zone};
    if (auto readable = slots_of(stored, cron_seed(cue.cue_id), settings_.dst_overlap)) {
      after = std::move(*readable);
      exhaustible = true;
    } else {
      spdlog::error("cue {} has a schedule that cannot be read ({}); it fires for the last time", cue.cue_id,
                    readable.error().message);
    }
  }

  const auto planned = plan_due_slots(cue.next_run, now, rules, slots, after);
  persistence::firing out{cue, {}, planned.following, exhaustible && !planned.following};
  for (const auto& slot : planned.slots)
    out.slots.push_back({slot.at, settings_.new_execution_id(), slot.backfilled, false});
  if (!cue.recurring && planned.slots.empty()) // nobody must wonder what became of a one-time cue
    out.slots.push_back({cue.next_run, settings_.new_execution_id(), true, true});
  if (planned.left_out)
    spdlog::info("cue {} was due at {} and is late; its catch_up policy leaves out what it missed", cue.cue_id,
                 format_z(cue.next_run));
  return out;
}

bool cue_clock::fire(std::vector<persistence::firing> batch, instant now) {
  const auto fired = store_->fire(batch);
  if (!fired && fired.error().status == 503)
    return false;
  if (!fired && batch.size() > 1) { // one row spoils the batch: each on its own
    for (auto& one : batch)
      if (!fire({std::move(one)}, now))
        return false;
    return true;
  }
  if (!fired) {
    put_aside(batch.front(), now);
    return true;
  }
  others_.announce(*fired);
  probe_.fired(*fired, clock_.now());
  settle(batch, *fired);
  return true;
}

/// Remembers where the cues of a batch are now.
void cue_clock::settle(std::vector<persistence::firing>& batch, const std::vector<persistence::fired_slot>& fired) {
  std::unordered_set<std::string_view> answered;
  for (const auto& slot : fired)
    answered.insert(slot.cue_id);
  processed_ += answered.size();

  for (auto& firing : batch) {
    const auto id = firing.cue.cue_id;
    if (!answered.contains(id)) {
      look_again(id); // the row says something else than we believed
      if (const auto it = armed_.find(id); it != armed_.end() && it->second == firing.cue)
        drop(id); // locked or changed back in between: the next reload decides
      continue;
    }
    drop(id);
    if (firing.following) {
      firing.cue.next_run = *firing.following;
      keep(std::move(firing.cue));
    }
  }
}

void cue_clock::put_aside(const persistence::firing& poisoned, instant now) {
  const auto& id = poisoned.cue.cue_id;
  spdlog::error("cue {} cannot be fired; it is left alone for {} s", id, poison_pause.count());
  probe_.poisoned_row();
  put_aside_until_[id] = now + poison_pause;
  drop(id);
}

void cue_clock::on_drain(const drain_message& message) {
  draining_ = true;
  message.done(true);
}

} // namespace cued::actors
