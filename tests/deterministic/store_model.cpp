#include "tests/deterministic/store_model.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace cued::deterministic {
namespace {

using persistence::armed_cue;
using persistence::fired_slot;

std::optional<instant> plus(instant at, const std::optional<int>& seconds) {
  return seconds ? std::optional{at + std::chrono::seconds{*seconds}} : std::nullopt;
}

armed_cue armed(const cue_row& c) {
  return {c.id, *c.next_run, !c.once, c.cron, c.zone, c.catch_up, c.catch_up_window_seconds, c.user_id, c.webhook};
}

std::string verdict_of(const cue_row& c, const persistence::reported_outcome& r) {
  if (!r.success)
    return "reported_failure";
  if (c.verification_mode == "manual")
    return "verification_pending";
  if (c.verification_mode == "require_external_id")
    return r.external_id ? "verified_success" : "verification_failed";
  return "reported_success";
}

} // namespace

bool is_unfinished(const execution_row& e) {
  return e.status == "pending" || e.status == "delivering" || e.status == "retrying" || e.status == "retry_ready";
}

bool awaits_outcome(const execution_row& e) {
  return e.outcome_deadline_at && !e.outcome_recorded_at &&
         (e.status == "success" || e.status == "delivering" || e.status == "pending_outcome");
}

// -- rows ---------------------------------------------------------------------

const execution_row* store_model::find(const std::string& id) const {
  const auto it = executions_.find(id);
  return it == executions_.end() ? nullptr : &it->second;
}

void store_model::index(const execution_row& e) {
  if (is_unfinished(e) || awaits_outcome(e)) {
    open_.insert(e.id);
    open_of_cue_[e.cue_id].emplace(e.scheduled_for, e.id);
  } else {
    open_.erase(e.id);
    open_of_cue_[e.cue_id].erase({e.scheduled_for, e.id});
  }
}

void store_model::insert(execution_row e) {
  const auto [place, is_new] = executions_.insert_or_assign(e.id, e);
  of_cue_[e.cue_id].emplace(e.scheduled_for, e.id);
  index(place->second);
  if (on_execution)
    on_execution(nullptr, place->second);
}

void store_model::write(const execution_row& after) {
  auto& row = executions_.at(after.id);
  const auto before = std::exchange(row, after);
  index(row);
  if (on_execution)
    on_execution(&before, row);
}

void store_model::write(const cue_row& after) {
  auto& row = cues_.at(after.id);
  const auto before = std::exchange(row, after);
  if (before.next_run)
    armed_.erase({*before.next_run, after.id});
  if (after.next_run && after.status == "active")
    armed_.emplace(*after.next_run, after.id);
  if (on_cue)
    on_cue(&before, row);
}

void store_model::add_cue(cue_row cue) {
  if (cue.next_run && cue.status == "active")
    armed_.emplace(*cue.next_run, cue.id);
  const auto& row = cues_[cue.id] = std::move(cue);
  if (on_cue)
    on_cue(nullptr, row);
}

void store_model::change_cue(const std::string& cue_id, const std::string& status, std::optional<instant> next_run) {
  auto c = cues_.at(cue_id);
  c.status = status;
  c.next_run = next_run;
  write(c);
}

void store_model::queue(const execution_row& e, const char* task_type, std::optional<instant> scheduled_at) {
  const auto id = ++last_outbox_id_;
  outbox_.emplace(id, outbox_row{e.id, task_type, scheduled_at, now});
  outbox_of_[e.id].insert(id);
}

// -- overlap --------------------------------------------------------------------

bool store_model::is_held_back(const execution_row& e, const cue_row& c) const {
  if (c.overlap_policy != "queue_one" || e.triggered_by || e.status != "pending")
    return false;
  const auto line = open_of_cue_.find(e.cue_id);
  return line != open_of_cue_.end() && !line->second.empty() && line->second.begin()->first < e.scheduled_for;
}

/// To be asked before the statement writes: it sees rows as they were.
std::optional<persistence::released_execution> store_model::next_in_line(const execution_row& ended,
                                                                         const cue_row& c) const {
  if (c.overlap_policy != "queue_one")
    return std::nullopt;
  if (const auto line = open_of_cue_.find(c.id); line != open_of_cue_.end())
    for (const auto& [at, id] : line->second) {
      const auto& e = executions_.at(id);
      if (id != ended.id && !e.triggered_by && e.status == "pending")
        return persistence::released_execution{id, c.user_id, c.webhook, at};
    }
  return std::nullopt;
}

std::size_t store_model::under_way(const std::string& cue_id, instant newest) const {
  const auto line = open_of_cue_.find(cue_id);
  if (line == open_of_cue_.end())
    return 0;
  return static_cast<std::size_t>(
      std::ranges::count_if(line->second, [&](const auto& one) { return one.first <= newest; }));
}

// -- the clock's ------------------------------------------------------------------

std::vector<armed_cue> store_model::armed_until(instant horizon, std::size_t limit,
                                                const persistence::armed_position& from) const {
  std::vector<armed_cue> out;
  auto it = from.next_run ? armed_.upper_bound({*from.next_run, from.cue_id}) : armed_.begin();
  for (; it != armed_.end() && it->first < horizon && out.size() < limit; ++it)
    out.push_back(armed(cues_.at(it->second)));
  return out;
}

std::vector<armed_cue> store_model::find_armed(const std::vector<std::string>& cue_ids) const {
  std::vector<armed_cue> out;
  for (const auto& id : cue_ids)
    if (const auto it = cues_.find(id); it != cues_.end() && it->second.status == "active" && it->second.next_run)
      out.push_back(armed(it->second));
  return out;
}

bool store_model::make_slot(const persistence::slot_firing& slot, const cue_row& c, bool taken_for_delivery) {
  const auto& taken = of_cue_[c.id];
  const auto there = taken.lower_bound({slot.at, std::string{}});
  if (there != taken.end() && there->first == slot.at && broken != defect::fires_twice)
    return false;
  execution_row e;
  e.id = slot.execution_id;
  e.cue_id = c.id;
  e.scheduled_for = slot.at;
  e.backfilled = slot.backfilled;
  e.created_at = e.updated_at = now;
  if (slot.missed) {
    e.status = "missed";
    e.error_message = "Missed: its time passed while nothing could run, and catch_up does not make up for it";
  } else if (taken_for_delivery) {
    e.status = "delivering";
    e.started_at = now;
  }
  insert(std::move(e));
  return true;
}

std::vector<fired_slot> store_model::fire(const std::vector<persistence::firing>& due, std::int64_t epoch) {
  std::vector<fired_slot> out;
  std::vector<std::string> to_queue;
  for (const auto& f : due) {
    const auto it = cues_.find(f.cue.cue_id);
    if (it == cues_.end())
      continue;
    const auto& c = it->second;
    const bool agrees = c.status == "active" && c.next_run == f.cue.next_run && c.cron == f.cue.cron &&
                        c.zone == f.cue.time_zone && c.catch_up == f.cue.catch_up &&
                        c.catch_up_window_seconds == f.cue.catch_up_window_seconds;
    if (!agrees && broken != defect::fires_twice)
      continue;
    const bool limited = !c.once && (c.overlap_policy == "skip" || c.overlap_policy == "queue_one");
    const std::size_t room = c.overlap_policy == "skip" ? 1 : 2;
    const auto busy = limited && !f.slots.empty() ? under_way(c.id, f.slots.back().at) : 0;
    int fired = 0;
    bool missed = false;
    for (std::size_t i = 0; i < f.slots.size(); ++i) {
      const auto& slot = f.slots[i];
      const bool fits = !limited || i + 1 + busy <= room;
      const bool taken = slot.take && c.webhook && !limited && !slot.missed && f.slots.size() == 1;
      const bool made = fits && make_slot(slot, c, taken);
      fired += made && !slot.missed ? 1 : 0;
      missed = missed || (made && slot.missed);
      if (made && !slot.missed && c.webhook && !taken)
        to_queue.push_back(slot.execution_id);
      out.push_back(
          {c.id, c.user_id, c.webhook, slot.execution_id, slot.at, slot.backfilled, made && !slot.missed, !fits});
      if (made && taken) {
        taken_by_[slot.execution_id] = epoch;
        taken_when_made_.insert(slot.execution_id);
        out.back().started = started(executions_.at(slot.execution_id));
      }
    }
    if (f.slots.empty())
      out.push_back({c.id, c.user_id, c.webhook, ""});
    auto moved = c;
    moved.next_run = f.following;
    moved.fired_count += fired;
    moved.status = f.exhausted ? "completed" : missed ? "failed" : c.status;
    write(moved);
  }
  std::ranges::stable_sort(to_queue, {}, [&](const auto& id) { return executions_.at(id).scheduled_for; });
  for (const auto& id : to_queue)
    queue(executions_.at(id), "deliver", std::nullopt);
  std::ranges::stable_sort(out, {}, [](const fired_slot& s) {
    return std::pair{s.execution_id.empty(), s.scheduled_for}; // what has no instant comes last
  });
  return out;
}

instant store_model::fire_by_hand(const std::string& id, const std::string& cue_id, instant at, bool in_the_future) {
  const auto& taken = of_cue_[cue_id];
  auto place = taken.lower_bound({at, std::string{}});
  if (place != taken.end() && place->first == at) {
    for (; place != taken.end() && place->first < at + std::chrono::seconds{1}; ++place)
      ;
    at = std::prev(place)->first + std::chrono::microseconds{1};
  }
  execution_row e;
  e.id = id;
  e.cue_id = cue_id;
  e.scheduled_for = at;
  e.triggered_by = "manual_fire";
  e.created_at = e.updated_at = now;
  insert(e);
  if (cues_.at(cue_id).webhook)
    queue(e, "deliver", in_the_future ? std::optional{at} : std::nullopt);
  return at;
}

// -- the workers' -----------------------------------------------------------------

std::vector<std::optional<persistence::claimed_execution>>
store_model::claim(const std::vector<persistence::claim_attempt>& attempts, instant at) {
  std::set<std::pair<std::string, std::string>> asked; ///< of several by one tenant on one execution the first
  std::vector<std::optional<persistence::claimed_execution>> won(attempts.size());
  std::vector<std::pair<std::size_t, execution_row>> writes; // the statement sees rows as they were before it
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    const auto& a = attempts[i];
    const auto* e = find(a.execution_id);
    if (!e || !asked.emplace(a.execution_id, a.user_id).second)
      continue;
    const auto& c = cue_of(*e);
    const bool free = e->status == "pending" && e->scheduled_for <= at && !is_held_back(*e, c);
    const bool ours = e->status == "delivering" && e->claimed_at == at && e->claimed_by == a.worker_id;
    const bool broke_in = broken == defect::claims_what_is_claimed && e->status == "delivering";
    if (c.user_id != a.user_id || c.webhook || !(free || ours || broke_in))
      continue;
    auto after = *e;
    after.attempts += e->status == "pending" ? 1 : 0;
    after.status = "delivering";
    after.claimed_by = a.worker_id;
    after.claimed_at = after.started_at = after.last_attempt_at = at;
    after.outcome_deadline_seconds = c.outcome_deadline_seconds;
    after.outcome_deadline_at = plus(at, c.outcome_deadline_seconds);
    after.updated_at = now;
    won[i] = persistence::claimed_execution{e->scheduled_for, e->backfilled};
    if (a.with_work)
      won[i]->work = persistence::claimed_work{e->id, c.id,          "name of " + c.id, std::nullopt, e->scheduled_for,
                                               "{}",  after.attempts};
    writes.emplace_back(i, std::move(after));
  }
  if (broken != defect::forgets_claims)
    for (const auto& [i, after] : writes)
      write(after);
  return won;
}

std::vector<persistence::ready_execution> store_model::ready(const std::string& user_id, instant at,
                                                             std::size_t limit) const {
  std::vector<persistence::ready_execution> out;
  for (const auto& id : open_) {
    const auto& e = executions_.at(id);
    const auto& c = cue_of(e);
    if (!c.webhook && c.user_id == user_id && e.scheduled_for <= at && e.status == "pending" && !is_held_back(e, c))
      out.push_back({e.scheduled_for, id});
  }
  std::ranges::sort(out);
  out.resize(std::min(out.size(), limit));
  return out;
}

std::optional<instant> store_model::next_due(const std::string& user_id, instant at) const {
  std::optional<instant> soonest;
  for (const auto& id : open_) {
    const auto& e = executions_.at(id);
    const auto& c = cue_of(e);
    if (!c.webhook && c.user_id == user_id && e.scheduled_for > at && e.status == "pending")
      soonest = std::min(soonest.value_or(e.scheduled_for), e.scheduled_for);
  }
  return soonest;
}

std::vector<std::optional<instant>> store_model::give_back(const std::vector<persistence::held_claim>& claims) {
  std::vector<std::optional<instant>> out(claims.size());
  std::vector<execution_row> writes;
  for (std::size_t i = 0; i < claims.size(); ++i) {
    const auto& a = claims[i];
    const auto* e = find(a.execution_id);
    if (!e || cue_of(*e).user_id != a.user_id || e->status != "delivering" || e->outcome_recorded_at)
      continue;
    const bool exactly_this = e->claimed_at == a.claimed_at && e->claimed_by == a.worker_id;
    if (!exactly_this && broken != defect::gives_back_what_was_granted)
      continue;
    if (std::ranges::any_of(writes, [&](const auto& w) { return w.id == e->id; }))
      continue;
    auto after = *e;
    after.status = "pending";
    after.claimed_by.reset();
    after.claimed_at.reset();
    after.started_at.reset();
    after.outcome_deadline_at.reset();
    if (after.attempts <= 1)
      after.last_attempt_at.reset();
    after.attempts = std::max(after.attempts - 1, 0);
    after.error_message = "Reset: the answer to its claim was lost";
    after.updated_at = now;
    out[i] = e->scheduled_for;
    writes.push_back(std::move(after));
  }
  for (const auto& after : writes)
    write(after);
  return out;
}

int store_model::heartbeat(const std::string& user_id, const std::string& execution_id, const std::string& worker_id,
                           instant at) {
  const auto* e = find(execution_id);
  if (!e || cue_of(*e).user_id != user_id)
    return 404;
  if (e->status != "delivering")
    return 409;
  if (e->claimed_by && *e->claimed_by != worker_id)
    return 403;
  auto after = *e;
  after.last_heartbeat_at = at;
  after.updated_at = now;
  write(after);
  return 200;
}

void store_model::worker_heartbeat(const std::string& user_id, const std::string& worker_id, instant at) {
  workers_[{user_id, worker_id}] = at;
}

// -- outcomes -----------------------------------------------------------------------

void store_model::record_report(execution_row& e, const cue_row& c, const persistence::reported_outcome& r,
                                instant at) {
  e.outcome_success = r.success;
  e.outcome_result = r.result;
  e.outcome_recorded_at = at;
  e.outcome_state = verdict_of(c, r);
  if (!c.webhook) {
    e.status = r.success ? "success" : "failed";
    if (r.success)
      e.delivered_at = at;
    else
      e.error_message = r.error;
  }
  e.updated_at = now;
}

std::vector<persistence::recorded_outcome>
store_model::record_outcomes(const std::vector<persistence::reported_outcome>& reports, instant at) {
  using verdict = persistence::recorded_outcome::verdict;
  std::vector<std::size_t> order(reports.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) {
    return std::tie(reports[i].execution_id, reports[i].user_id, reports[i].refused);
  });
  std::vector<persistence::recorded_outcome> out(reports.size());
  std::vector<std::pair<std::size_t, std::size_t>> repeated;
  std::optional<std::size_t> chosen;
  std::set<std::string> written;
  std::vector<execution_row> writes;
  struct run {
    int times = 0;
    bool any_success = false;
  };
  std::map<std::string, run> runs;
  for (const auto i : order) {
    const auto& r = reports[i];
    if (chosen && reports[*chosen].execution_id == r.execution_id && reports[*chosen].user_id == r.user_id) {
      repeated.emplace_back(i, *chosen);
      continue;
    }
    chosen = i;
    const auto* e = find(r.execution_id);
    if (!e || cue_of(*e).user_id != r.user_id)
      continue;
    const auto& c = cue_of(*e);
    out[i] = {verdict::already_recorded, e->outcome_state.value_or(""), e->scheduled_for, e->backfilled,
              !c.webhook && r.success};
    const bool by_this_batch = e->outcome_recorded_at == at;
    if (r.refused) {
      if (!e->outcome_recorded_at || by_this_batch)
        out[i].what = verdict::refused;
      continue;
    }
    if (e->outcome_recorded_at && broken != defect::overwrites_outcomes) {
      if (by_this_batch)
        out[i].what = verdict::recorded;
      continue;
    }
    auto after = *e;
    record_report(after, c, r, at);
    out[i].what = verdict::recorded;
    out[i].outcome_state = *after.outcome_state;
    if (!c.webhook) {
      ++runs[c.id].times;
      runs[c.id].any_success = runs[c.id].any_success || r.success;
    }
    writes.push_back(std::move(after));
  }
  // Before anything is written: as the statement sees it.
  for (std::size_t i = 0; i < reports.size(); ++i)
    if (std::ranges::any_of(writes, [&](const auto& w) { return w.id == reports[i].execution_id; }) &&
        out[i].what == verdict::recorded) {
      const auto& e = executions_.at(reports[i].execution_id);
      out[i].next_in_line = next_in_line(e, cue_of(e));
    }
  if (broken != defect::forgets_outcomes)
    for (const auto& after : writes)
      write(after);
  for (const auto& [cue_id, r] : runs) {
    auto c = cues_.at(cue_id);
    c.run_count += r.times;
    if (c.once)
      c.status = r.any_success ? "completed" : "failed";
    write(c);
  }
  for (const auto& [other, chosen_one] : repeated) {
    out[other] = out[chosen_one];
    if (out[other].what == verdict::recorded)
      out[other].what = reports[other].refused && other < chosen_one ? verdict::refused : verdict::already_recorded;
  }
  return out;
}

void store_model::record_attempt(execution_row& e, const cue_row& c, const persistence::attempt_result& a,
                                 instant at) const {
  using verdict = persistence::attempt_result::verdict;
  const bool success = a.what == verdict::success;
  e.status = success ? "success" : a.what == verdict::retry ? "retrying" : "failed";
  e.attempts = a.attempt;
  e.http_status = a.http_status;
  e.last_attempt_at = at;
  if (!success)
    e.error_message = a.error_message;
  if (success)
    e.delivered_at = at;
  e.next_retry = a.next_retry;
  if (success && !e.outcome_recorded_at && c.outcome_deadline_seconds) {
    e.outcome_deadline_seconds = c.outcome_deadline_seconds;
    e.outcome_deadline_at = plus(at, c.outcome_deadline_seconds);
  }
  e.updated_at = now;
}

std::vector<persistence::recorded_attempt>
store_model::record_attempts(const std::vector<persistence::attempt_result>& attempts, instant at) {
  using verdict = persistence::attempt_result::verdict;
  auto sorted = attempts;
  std::ranges::stable_sort(sorted, {}, &persistence::attempt_result::execution_id);
  std::map<std::string, std::pair<execution_row, verdict>> writes;
  for (const auto& a : sorted) {
    const auto* e = find(a.execution_id);
    const bool numbered = e && (e->attempts == a.attempt - 1 || broken == defect::ignores_attempt_number);
    if (!e || e->status != "delivering" || !numbered || writes.contains(a.execution_id))
      continue;
    auto after = *e;
    record_attempt(after, cue_of(*e), a, at);
    writes.emplace(e->id, std::pair{std::move(after), a.what});
  }
  struct change {
    int attempts = 0;
    bool any_success = false, any_failed = false;
  };
  std::map<std::string, change> per_cue;
  std::vector<persistence::recorded_attempt> out;
  for (const auto& [id, w] : writes) {
    const auto& [after, what] = w;
    const auto& c = cue_of(after);
    auto& x = per_cue[c.id];
    ++x.attempts;
    x.any_success = x.any_success || what == verdict::success;
    x.any_failed = x.any_failed || what == verdict::failed;
    persistence::recorded_attempt r{
        id, c.user_id, c.id, after.scheduled_for, after.backfilled, what == verdict::success};
    if (what == verdict::success && !after.outcome_recorded_at)
      r.outcome_deadline_at = plus(at, c.outcome_deadline_seconds);
    if (what != verdict::retry && !r.outcome_deadline_at)
      if ((r.next_in_line = next_in_line(after, c)))
        r.next_in_line->webhook = true; // attempts are webhooks
    out.push_back(std::move(r));
  }
  for (const auto& [id, w] : writes)
    write(w.first);
  for (const auto& [cue_id, x] : per_cue) {
    auto c = cues_.at(cue_id);
    c.run_count += x.attempts;
    if (c.once && (x.any_success || x.any_failed)) {
      c.status = x.any_success ? "completed" : "failed";
    } else if (x.any_failed && c.status == "active" && c.pause_on_failure) {
      c.status = "paused";
      c.next_run.reset();
    }
    write(c);
  }
  return out;
}

} // namespace cued::deterministic
