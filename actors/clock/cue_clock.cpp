#include "actors/clock/cue_clock.hpp"

#include <algorithm>
#include <iterator>
#include <unordered_set>

#include <spdlog/spdlog.h>

#include "domain/missed_runs.hpp"
#include "domain/placement.hpp"
#include "domain/timestamp.hpp"

namespace cued::actors {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t horizon_rows_at_most = 200'000;
/// What is due waits for one page at most: a few milliseconds.
constexpr std::size_t page_rows = 500;
/// Of a storm, what is fired can be sent while the rest is fired, and others get at the rows' locks and at the log.
constexpr std::size_t fire_rows_at_most = 500;
/// The wall clock may be stepped while we sleep: never sleep longer than this.
constexpr std::chrono::seconds sleep_at_most{1};
/// While Postgres is away, firing is tried again after this long.
constexpr std::chrono::milliseconds outage_pause{250};
/// A cue that cannot be fired is left alone for this long, so that it does not hold up the others.
constexpr std::chrono::seconds poison_pause{60};
/// What is due for so long and not fired, its node seems not to fire; and how often that is looked for.
constexpr std::chrono::seconds rescue_after{2};
constexpr std::chrono::seconds rescue_every{1};

} // namespace

cue_clock::cue_clock(caf::actor_config& config, std::unique_ptr<persistence::clock_store> store,
                     const time_source& clock, const directory& others, const delivery_rooms& rooms, probe& probe,
                     clock_pulse& pulse, cue_clock_settings settings)
    : pool_member{config}, store_{std::move(store)}, clock_{clock}, others_{others}, rooms_{rooms}, probe_{probe},
      pulse_{pulse}, settings_{std::move(settings)} {}

caf::behavior cue_clock::make_behavior() {
  arm();
  return {
      [this](tick_message m) { on_tick(m); },
      [this](const cue_changed_message& m) { on_cue_changed(m); },
      [this](flush_message) { on_flush(); },
      [this](const drain_message& m) { on_drain(m); },
  };
}

bool cue_clock::of_this_shard(const std::string& cue_id) const {
  return directory::shard_of(cue_id, settings_.shards) == settings_.shard;
}

bool cue_clock::of_this_node(const std::string& cue_id) const {
  return !roster_ || node_in_charge(cue_id, roster_->in_charge) == roster_->epoch;
}

bool cue_clock::is_lent(const std::string& cue_id) const {
  const auto it = armed_.find(cue_id);
  return it != armed_.end() && it->second.lent;
}

/// When a node has come or gone, other cues are ours: the horizon is read anew at once. After this node itself was
/// taken for dead, others have fired what it still keeps.
void cue_clock::see_who_is_there(instant now) {
  if (!settings_.seat)
    return;
  auto roster = settings_.seat->roster();
  if (roster_ && roster->number == roster_->number)
    return;
  if (roster_ && roster->epoch != roster_->epoch) {
    armed_.clear();
    by_instant_.clear();
  }
  roster_ = std::move(roster);
  reading_.reset();
  next_reading_ = now;
}

/// Others' cues that are overdue are fired by a node that has nothing else to do.
void cue_clock::rescue(instant now) {
  if (!roster_ || roster_->in_charge.size() < 2 || reading_ || now < next_rescue_ || next_work(now) <= now)
    return;
  next_rescue_ = now + rescue_every;
  show_life();
  auto overdue = store_->armed_until(now - rescue_after, page_rows);
  if (!overdue)
    return; // Postgres is away
  for (auto& cue : *overdue)
    if (of_this_shard(cue.cue_id))
      keep(std::move(cue));
}

void cue_clock::arm(std::chrono::microseconds at_least) {
  if (draining_)
    return;
  const auto now = clock_.now();
  const auto wait = std::clamp<std::chrono::microseconds>(next_work(now) - now, at_least, sleep_at_most);
  waking_at_ = now + wait;
  delayed_send(this, wait, tick_message{++generation_});
}

instant cue_clock::next_work(instant now) const {
  const auto next = reading_ ? now : next_reading_;
  return by_instant_.empty() ? next : std::min(next, by_instant_.begin()->first);
}

void cue_clock::on_tick(tick_message message) {
  if (message.generation != generation_ || draining_)
    return;
  const auto now = clock_.now();
  see_who_is_there(now);
  const bool reachable = fire_due(now);
  if (!reading_ && now >= next_reading_)
    begin_reading(now);
  if (reading_)
    read_page(now);
  rescue(now);
  arm(reachable ? std::chrono::microseconds{0} : outage_pause);
}

void cue_clock::on_cue_changed(const cue_changed_message& message) {
  if (!of_this_shard(message.cue_id))
    return;
  if (changed_.empty())
    send(this, flush_message{});
  changed_.insert(message.cue_id);
}

void cue_clock::on_flush() {
  const std::vector<std::string> changed{changed_.begin(), changed_.end()};
  changed_.clear();
  for (const auto& id : changed)
    put_aside_until_.erase(id);
  look_again(changed);
  // Only if it must: each arm() makes the tick that is on its way a thing of the past, and many changes in a row would
  // put it off for ever.
  if (next_work(clock_.now()) < waking_at_)
    arm();
}

void cue_clock::look_again(const std::vector<std::string>& cue_ids) {
  show_life();
  auto found = store_->find_armed(cue_ids);
  if (!found)
    return; // Postgres is away: what we hold stays a hint, the next reading corrects it
  for (const auto& id : cue_ids)
    drop(id);
  for (auto& cue : *found)
    keep(std::move(cue));
}

void cue_clock::begin_reading(instant now) {
  ++readings_;
  reading_ = reading{now + settings_.horizon(), {}, 0, std::chrono::steady_clock::now()};
}

void cue_clock::read_page(instant now) {
  show_life();
  auto page = store_->armed_until(reading_->horizon, page_rows, reading_->from);
  if (!page) {
    reading_.reset();
    next_reading_ = now + settings_.reload_every;
    return;
  }
  reading_->rows += page->size();
  const bool last = page->size() < page_rows || reading_->rows >= horizon_rows_at_most;
  if (!last)
    reading_->from = {page->back().next_run, page->back().cue_id};
  for (auto& cue : *page)
    if (of_this_shard(cue.cue_id) && (of_this_node(cue.cue_id) || is_lent(cue.cue_id)))
      keep(std::move(cue));
  if (last)
    finish_reading(now);
}

/// What was not found is not in the table as we believe it any more.
void cue_clock::finish_reading(instant now) {
  std::erase_if(armed_, [this](const auto& entry) {
    const auto& [id, kept] = entry;
    if (kept.seen == readings_)
      return false;
    by_instant_.erase({kept.cue.next_run, id});
    return true;
  });
  std::erase_if(put_aside_until_, [now](const auto& entry) { return entry.second <= now; });
  pulse_.beat(
      now, std::exchange(processed_, 0),
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - reading_->began));
  reading_.reset();
  next_reading_ = now + std::min<std::chrono::seconds>(settings_.reload_every, settings_.horizon() / 2);
}

void cue_clock::keep(persistence::armed_cue cue) {
  if (cue.next_run >= clock_.now() + settings_.horizon() || put_aside_until_.contains(cue.cue_id))
    return;
  const auto id = cue.cue_id;
  const auto [kept, is_new] = armed_.try_emplace(id);
  if (!is_new)
    by_instant_.erase({kept->second.cue.next_run, id});
  by_instant_.emplace(cue.next_run, id);
  kept->second = {std::move(cue), readings_, !of_this_node(id)};
}

void cue_clock::drop(const std::string& cue_id) {
  if (const auto it = armed_.find(cue_id); it != armed_.end()) {
    by_instant_.erase({it->second.cue.next_run, cue_id});
    armed_.erase(it);
  }
}

bool cue_clock::fire_due(instant now) {
  if (!send_what_was_in_doubt())
    return false;
  for (;;) {
    auto batch = take_on_time(now);
    if (batch.empty())
      break;
    if (!fire(std::move(batch), now))
      return false;
  }
  if (reading_)
    return true; // late cues are at its beginning, and what is on time may still be ahead
  auto late = take_late(now);
  return late.empty() || fire(std::move(late), now);
}

std::vector<persistence::firing> cue_clock::take_on_time(instant now) const {
  std::vector<persistence::firing> due;
  std::size_t rows = 0;
  for (auto it = by_instant_.lower_bound({now - settings_.grace(), std::string{}});
       it != by_instant_.end() && it->first <= now && rows < fire_rows_at_most; ++it) {
    due.push_back(plan(armed_.at(it->second).cue, now, fire_rows_at_most - rows));
    rows += std::max<std::size_t>(due.back().slots.size(), 1);
  }
  return due;
}

/// Late cues share a batch evenly, so that one with a long past does not keep the others in theirs.
std::vector<persistence::firing> cue_clock::take_late(instant now) const {
  const auto end = by_instant_.lower_bound({now - settings_.grace(), std::string{}});
  const auto cues = std::min(static_cast<std::size_t>(std::distance(by_instant_.begin(), end)), fire_rows_at_most);
  std::vector<persistence::firing> late;
  for (auto it = by_instant_.begin(); it != end && late.size() < cues; ++it)
    late.push_back(plan(armed_.at(it->second).cue, now, fire_rows_at_most / cues));
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
  show_life();
  auto taken = take_seats(batch);
  auto fired = store_->fire(batch);
  if (fired)
    send_taken(*fired, taken);
  give_back(std::move(taken));
  if (!fired && fired.error().status == 503)
    return false;
  if (!fired && batch.size() > 1)
    return fire_halves(std::move(batch), now);
  if (!fired) {
    put_aside(batch.front(), now);
    return true;
  }
  others_.announce(*fired);
  probe_.fired(*fired, clock_.now());
  settle(batch, *fired);
  return true;
}

/// What is late waits its turn behind what is on time.
cue_clock::seats cue_clock::take_seats(std::vector<persistence::firing>& batch) const {
  seats taken;
  for (auto& firing : batch)
    for (auto& slot : firing.slots) {
      slot.take = false;
      if (!firing.cue.webhook || firing.slots.size() > 1 || slot.backfilled || slot.missed)
        continue;
      auto& room = *rooms_[directory::shard_of(slot.execution_id, rooms_.size())];
      if (auto seat = room.enter_if_nobody_waits(firing.cue.user_id)) {
        slot.take = true;
        taken.emplace(slot.execution_id, std::make_shared<delivery_room::seat>(std::move(*seat)));
      }
    }
  return taken;
}

void cue_clock::send_taken(std::vector<persistence::fired_slot>& fired, seats& taken) const {
  std::vector<started_message> started;
  for (auto& slot : fired)
    if (slot.started)
      started.push_back({std::move(*slot.started), std::move(taken.extract(slot.execution_id).mapped())});
  others_.start(std::move(started));
}

/// Somebody may have come meanwhile, and waits for one.
void cue_clock::give_back(seats unused) const {
  std::set<std::size_t> shards;
  for (auto& [execution_id, seat] : unused) {
    seat->give_back();
    shards.insert(directory::shard_of(execution_id, rooms_.size()));
  }
  for (const auto shard : shards)
    if (const auto member = others_.member(pool::deliver, shard))
      caf::anon_send(member, flush_message{});
}

bool cue_clock::send_what_was_in_doubt() {
  show_life();
  auto found = store_->taken_in_doubt();
  if (!found)
    return found.error().status != 503;
  std::vector<started_message> started;
  for (auto& delivery : *found) {
    auto seat = rooms_[directory::shard_of(delivery.execution_id, rooms_.size())]->enter_anyway(delivery.user_id);
    started.push_back({std::move(delivery), std::make_shared<delivery_room::seat>(std::move(seat))});
  }
  others_.start(std::move(started));
  return true;
}

/// One row spoils the batch. It is found in few steps, and the others fire.
bool cue_clock::fire_halves(std::vector<persistence::firing> batch, instant now) {
  const auto middle = batch.begin() + static_cast<std::ptrdiff_t>(batch.size() / 2);
  std::vector<persistence::firing> rest(std::make_move_iterator(middle), std::make_move_iterator(batch.end()));
  batch.erase(middle, batch.end());
  return fire(std::move(batch), now) && fire(std::move(rest), now);
}

/// Remembers where the cues of a batch are now.
void cue_clock::settle(std::vector<persistence::firing>& batch, const std::vector<persistence::fired_slot>& fired) {
  std::unordered_set<std::string_view> answered;
  for (const auto& slot : fired)
    answered.insert(slot.cue_id);
  processed_ += answered.size();

  std::vector<const persistence::firing*> refused; // the row says something else than we believed
  for (auto& firing : batch) {
    const auto id = firing.cue.cue_id;
    if (!answered.contains(id)) {
      if (of_this_node(id))
        refused.push_back(&firing);
      else
        drop(id); // its own node has fired it
      continue;
    }
    drop(id);
    if (firing.following && of_this_node(id)) {
      firing.cue.next_run = *firing.following;
      keep(std::move(firing.cue));
    }
  }
  if (refused.empty())
    return;
  std::vector<std::string> ids;
  ids.reserve(refused.size());
  for (const auto* firing : refused)
    ids.push_back(firing->cue.cue_id);
  look_again(ids);
  for (const auto* firing : refused)
    if (const auto it = armed_.find(firing->cue.cue_id); it != armed_.end() && it->second.cue == firing->cue)
      drop(firing->cue.cue_id); // locked or changed back in between: the next reading decides
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
