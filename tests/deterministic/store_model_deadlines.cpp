#include <algorithm>

#include "tests/deterministic/store_model.hpp"

/// The second half of the model: deliveries, and what becomes due by waiting.
namespace cued::deterministic {
namespace {

template <class T, class Key>
void cut(std::vector<T>& rows, int limit, Key key) {
  std::ranges::stable_sort(rows, {}, key);
  rows.resize(std::min(rows.size(), static_cast<std::size_t>(limit)));
}

} // namespace

persistence::started_delivery store_model::started(const execution_row& e) const {
  const auto& c = cue_of(e);
  persistence::started_delivery d;
  d.execution_id = e.id;
  d.user_id = c.user_id;
  d.cue_id = c.id;
  d.cue_name = "name of " + c.id;
  d.scheduled_for = e.scheduled_for;
  d.backfilled = e.backfilled;
  d.attempt = e.attempts + 1;
  d.url = "https://receiver.example/";
  d.method = "POST";
  d.headers_json = "{}";
  d.payload_json = "{}";
  d.retry_max_attempts = c.retry_max_attempts;
  d.retry_backoff_json = c.retry_backoff_minutes_json;
  d.retry_jitter_percent = c.retry_jitter_percent;
  return d;
}

std::vector<persistence::started_delivery> store_model::taken_in_doubt(const std::vector<std::string>& execution_ids,
                                                                       std::int64_t epoch) {
  std::vector<persistence::started_delivery> out;
  for (const auto& id : std::set<std::string>{execution_ids.begin(), execution_ids.end()}) {
    const auto* e = find(id);
    const auto taker = taken_by_.find(id);
    if (!e || e->status != "delivering" || e->attempts != 0 || !taken_when_made_.contains(id) ||
        taker == taken_by_.end() || taker->second != epoch)
      continue;
    auto after = *e;
    after.updated_at = now;
    write(after);
    out.push_back(started(after));
  }
  return out;
}

std::vector<persistence::started_delivery> store_model::start(const std::vector<std::string>& execution_ids,
                                                              const doubts& in_doubt, instant at, std::int64_t epoch) {
  std::vector<execution_row> taken;
  for (const auto& id : std::set<std::string>{execution_ids.begin(), execution_ids.end()}) {
    const auto* e = find(id);
    if (!e)
      continue;
    const auto doubt = in_doubt.find(id);
    const auto taker = taken_by_.find(id);
    const bool taken_by_us = e->status == "delivering" && doubt != in_doubt.end() &&
                             std::ranges::count(doubt->second, e->updated_at) > 0 && taker != taken_by_.end() &&
                             taker->second == epoch;
    if (e->status != "pending" && e->status != "retry_ready" && !taken_by_us)
      continue;
    const auto& c = cue_of(*e);
    if (c.webhook && !is_held_back(*e, c))
      taken.push_back(*e);
  }
  std::vector<persistence::started_delivery> out;
  for (auto& e : taken) {
    out.push_back(started(e));
    e.status = "delivering";
    e.started_at = e.started_at.value_or(now);
    e.updated_at = at;
    write(e);
    taken_by_[e.id] = epoch;
    taken_when_made_.erase(e.id);
    if (const auto rows = outbox_of_.extract(e.id))
      for (const auto row : rows.mapped())
        outbox_.erase(row);
  }
  return out;
}

std::vector<persistence::due_delivery> store_model::ready_retries(instant at) {
  if (broken == defect::forgets_retries)
    return {};
  std::vector<execution_row> due;
  for (const auto& id : open_) {
    const auto& e = executions_.at(id);
    if (e.status == "retrying" && e.next_retry && *e.next_retry <= at && cue_of(e).webhook)
      due.push_back(e);
  }
  cut(due, limits.batch_size, [](const execution_row& e) { return *e.next_retry; });
  std::vector<persistence::due_delivery> out;
  for (auto& e : due) {
    e.status = "retry_ready";
    e.updated_at = now;
    write(e);
    queue(e, "retry", std::nullopt);
    out.push_back({e.id, cue_of(e).user_id, e.backfilled});
  }
  return out;
}

std::optional<instant> store_model::next_retry_before(instant at, instant horizon) const {
  std::optional<instant> soonest;
  const auto consider = [&](const std::optional<instant>& when) {
    if (when && *when > at && *when < horizon)
      soonest = std::min(soonest.value_or(*when), *when);
  };
  for (const auto& id : open_) {
    const auto& e = executions_.at(id);
    if (e.status == "retrying")
      consider(e.next_retry);
    if (awaits_outcome(e))
      consider(e.outcome_deadline_at);
  }
  for (const auto& [id, row] : outbox_)
    consider(row.scheduled_at);
  return soonest;
}

/// What such an end does to the cue: failed_cues.hpp.
void store_model::end_badly(const std::string& cue_id) {
  auto c = cues_.at(cue_id);
  const bool pauses = c.status == "active" && c.pause_on_failure;
  if (c.once) {
    c.status = "failed";
  } else if (pauses) {
    c.status = "paused";
    c.next_run.reset();
  }
  write(c);
}

persistence::expired_outcomes store_model::expire_outcomes(instant at) {
  std::vector<execution_row> overdue;
  for (const auto& id : open_)
    if (const auto& e = executions_.at(id); awaits_outcome(e) && *e.outcome_deadline_at <= at)
      overdue.push_back(e);
  cut(overdue, limits.batch_size, [](const execution_row& e) { return e.id; });
  persistence::expired_outcomes out;
  out.executions = overdue.size();
  for (const auto& e : overdue)
    if (auto next = next_in_line(e, cue_of(e)))
      out.released.push_back(std::move(*next));
  std::set<std::string> cues;
  for (auto& e : overdue) {
    e.status = "outcome_timeout";
    e.error_message = "No outcome reported within " +
                      (e.outcome_deadline_seconds ? std::to_string(*e.outcome_deadline_seconds) + "s" : "its time");
    e.updated_at = now;
    write(e);
    cues.insert(e.cue_id);
  }
  for (const auto& id : cues)
    end_badly(id);
  return out;
}

std::vector<persistence::due_delivery> store_model::undispatched(instant at) const {
  std::vector<persistence::due_delivery> out;
  for (const auto& [id, row] : outbox_) { // in the order of their making
    const auto& e = executions_.at(row.execution_id);
    const auto& c = cue_of(e);
    if ((e.status == "pending" || e.status == "retry_ready") && c.webhook &&
        (!row.scheduled_at || *row.scheduled_at <= at) && !is_held_back(e, c))
      out.push_back({e.id, c.user_id, e.backfilled});
  }
  out.resize(std::min(out.size(), static_cast<std::size_t>(limits.batch_size)));
  return out;
}

std::vector<persistence::due_delivery> store_model::forgotten(instant older_than) const {
  std::vector<const execution_row*> found;
  for (const auto& id : open_) {
    const auto& e = executions_.at(id);
    const auto& c = cue_of(e);
    if ((e.status == "pending" || e.status == "retry_ready") && c.webhook && e.updated_at < older_than &&
        e.scheduled_for < older_than && !outbox_of_.contains(id) && !is_held_back(e, c))
      found.push_back(&e);
  }
  cut(found, limits.batch_size, [](const execution_row* e) { return e->scheduled_for; });
  std::vector<persistence::due_delivery> out;
  for (const auto* e : found)
    out.push_back({e->id, cue_of(*e).user_id, e->backfilled});
  return out;
}

std::vector<persistence::stale_delivery> store_model::stale_deliveries(instant older_than) const {
  std::vector<const execution_row*> silent;
  for (const auto& id : open_)
    if (const auto& e = executions_.at(id); e.status == "delivering" && e.updated_at < older_than && cue_of(e).webhook)
      silent.push_back(&e);
  cut(silent, limits.batch_size, [](const execution_row* e) { return e->updated_at; });
  std::vector<persistence::stale_delivery> out;
  for (const auto* e : silent) {
    const auto& c = cue_of(*e);
    const auto seconds = std::chrono::round<std::chrono::seconds>(now - e->updated_at).count();
    out.push_back({e->id, c.user_id, c.id, e->attempts, c.retry_max_attempts, c.retry_backoff_minutes_json,
                   static_cast<int>(seconds), "", c.retry_jitter_percent});
  }
  return out;
}

std::vector<persistence::returned_execution> store_model::return_lost_claims(instant at) {
  const auto lease_over = at - std::chrono::seconds{limits.worker_claim_timeout_seconds};
  const auto silent = at - std::chrono::seconds{limits.worker_heartbeat_timeout_seconds};
  std::vector<execution_row> lost;
  for (const auto& id : open_) {
    const auto& e = executions_.at(id);
    const auto& c = cue_of(e);
    if (c.webhook)
      continue;
    const bool adopted = e.status == "retrying" || e.status == "retry_ready";
    const auto heard = e.claimed_at || e.last_heartbeat_at ? std::max(e.claimed_at.value_or(instant::min()),
                                                                      e.last_heartbeat_at.value_or(instant::min()))
                                                           : e.updated_at;
    const auto worker = workers_.find({c.user_id, e.claimed_by.value_or("")});
    const bool worker_silent = broken == defect::takes_claims_from_the_living || worker == workers_.end() ||
                               !e.claimed_by || worker->second < silent;
    if (adopted || (e.status == "delivering" && heard < lease_over && worker_silent))
      lost.push_back(e);
  }
  cut(lost, limits.batch_size, [](const execution_row& e) { return e.id; });
  std::vector<persistence::returned_execution> out;
  for (auto& e : lost) {
    e.status = "pending";
    e.claimed_by.reset();
    e.claimed_at.reset();
    e.started_at.reset();
    e.next_retry.reset();
    e.outcome_deadline_at.reset();
    e.error_message = "Reset: worker heartbeat stale and claim lease expired";
    e.updated_at = now;
    write(e);
    out.push_back({e.id, cue_of(e).user_id, e.scheduled_for});
  }
  return out;
}

std::size_t store_model::miss_unclaimed(instant at) {
  const auto too_old = at - std::chrono::seconds{limits.worker_unclaimed_timeout_seconds};
  std::vector<execution_row> late;
  for (const auto& id : open_) {
    const auto& e = executions_.at(id);
    const auto& c = cue_of(e);
    if (c.webhook || e.status != "pending" || e.claimed_by || e.scheduled_for >= too_old || is_held_back(e, c))
      continue;
    auto claimable_since = std::max(e.created_at, e.scheduled_for);
    if (e.error_message && e.error_message->starts_with("Reset: "))
      claimable_since = std::max(claimable_since, e.updated_at);
    if (c.overlap_policy == "queue_one") {
      const auto& line = of_cue_.at(c.id);
      const auto place = line.lower_bound({e.scheduled_for, std::string{}});
      if (place != line.begin())
        claimable_since = std::max(claimable_since, executions_.at(std::prev(place)->second).updated_at);
    }
    if (claimable_since < too_old)
      late.push_back(e);
  }
  cut(late, limits.batch_size, [](const execution_row& e) { return e.id; });
  std::set<std::string> cues;
  for (auto& e : late) {
    e.status = "missed";
    e.error_message = "No worker claimed this execution within timeout window";
    e.updated_at = now;
    write(e);
    cues.insert(e.cue_id);
  }
  for (const auto& id : cues)
    end_badly(id);
  return late.size();
}

} // namespace cued::deterministic
