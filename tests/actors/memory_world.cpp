#include "tests/actors/memory_world.hpp"

namespace cued::test {
namespace {

using persistence::attempt_result;
using persistence::recorded_outcome;

instant now() { return wall_clock{}.now(); }

class memory_claims final : public persistence::claim_store {
public:
  explicit memory_claims(memory_world& w) : world_{w} {}

  result<std::vector<std::optional<persistence::claimed_execution>>>
  claim(const std::vector<persistence::claim_attempt>& attempts, instant at) override {
    const std::lock_guard lock{world_.mutex};
    if (world_.fault("claim"))
      return fail(unavailable("away"));
    ++world_.claim_statements;
    world_.claim_rows += attempts.size();
    std::vector<std::optional<persistence::claimed_execution>> won;
    for (const auto& a : attempts) {
      auto it = world_.executions.find(a.execution_id);
      const bool mine = it != world_.executions.end() && it->second.user_id == a.user_id && !it->second.webhook;
      won.emplace_back();
      if (mine && it->second.status == "pending") {
        it->second.status = "delivering";
        it->second.claimed_by = a.worker_id;
        it->second.claimed_at = at;
        ++it->second.attempts;
        won.back() = persistence::claimed_execution{it->second.scheduled_for, false};
        if (a.with_work)
          won.back()->work = persistence::claimed_work{
              it->second.id, it->second.cue_id,  "name of " + it->second.cue_id, std::nullopt, it->second.scheduled_for,
              "{}",          it->second.attempts};
      }
    }
    world_.changed.notify_all();
    return won;
  }

  result<std::vector<persistence::ready_execution>> ready(const std::string& user_id, instant at,
                                                          std::size_t limit) override {
    const std::lock_guard lock{world_.mutex};
    if (world_.fault("ready"))
      return fail(unavailable("away"));
    std::vector<persistence::ready_execution> out;
    for (const auto& [id, e] : world_.executions)
      if (e.user_id == user_id && e.status == "pending" && !e.webhook && e.scheduled_for <= at)
        out.push_back({e.scheduled_for, id});
    std::ranges::sort(out);
    out.resize(std::min(out.size(), limit));
    ++world_.ready_looks;
    world_.changed.notify_all();
    return out;
  }

  result<std::vector<std::optional<instant>>> give_back(const std::vector<persistence::held_claim>& claims) override {
    const std::lock_guard lock{world_.mutex};
    if (world_.fault("give_back"))
      return fail(unavailable("away"));
    std::vector<std::optional<instant>> out;
    for (const auto& c : claims) {
      out.emplace_back();
      auto it = world_.executions.find(c.execution_id);
      if (it == world_.executions.end() || it->second.status != "delivering" || it->second.claimed_by != c.worker_id ||
          it->second.claimed_at != c.claimed_at || it->second.outcome)
        continue;
      it->second.status = "pending";
      it->second.claimed_by.clear();
      it->second.claimed_at = {};
      --it->second.attempts;
      out.back() = it->second.scheduled_for;
      ++world_.claims_given_back;
    }
    world_.changed.notify_all();
    return out;
  }

  result<std::optional<instant>> next_due(const std::string& user_id, instant at) override {
    const std::lock_guard lock{world_.mutex};
    std::optional<instant> soonest;
    for (const auto& [id, e] : world_.executions)
      if (e.user_id == user_id && e.status == "pending" && !e.webhook && e.scheduled_for > at)
        soonest = std::min(soonest.value_or(e.scheduled_for), e.scheduled_for);
    return soonest;
  }

private:
  memory_world& world_;
};

class memory_outcomes final : public persistence::outcome_store {
public:
  explicit memory_outcomes(memory_world& w) : world_{w} {}

  result<std::vector<recorded_outcome>> record_outcomes(const std::vector<persistence::reported_outcome>& reports,
                                                        instant at) override {
    const std::lock_guard lock{world_.mutex};
    if (world_.fault("record_outcomes"))
      return fail(unavailable("away"));
    std::vector<recorded_outcome> out;
    for (const auto& r : reports) {
      auto it = world_.executions.find(r.execution_id);
      if (it == world_.executions.end() || it->second.user_id != r.user_id) {
        out.push_back({recorded_outcome::verdict::not_found, ""});
      } else if (it->second.outcome) {
        out.push_back({recorded_outcome::verdict::already_recorded, ""});
      } else {
        it->second.outcome = r.success;
        it->second.recorded_at = at;
        it->second.status = r.success ? "success" : "failed";
        out.push_back({recorded_outcome::verdict::recorded, r.success ? "reported_success" : "reported_failure"});
      }
    }
    world_.changed.notify_all();
    return out;
  }

  result<std::vector<persistence::recorded_attempt>> record_attempts(const std::vector<attempt_result>& attempts,
                                                                     instant) override {
    const std::lock_guard lock{world_.mutex};
    if (world_.fault("record_attempts"))
      return fail(unavailable("away"));
    std::vector<persistence::recorded_attempt> out;
    for (const auto& a : attempts) {
      auto& e = world_.executions.at(a.execution_id);
      if (e.status != "delivering" || e.attempts != a.attempt - 1)
        continue;
      e.attempts = a.attempt;
      e.next_retry = a.next_retry;
      e.status = a.what == attempt_result::verdict::success ? "success"
                 : a.what == attempt_result::verdict::retry ? "retrying"
                                                            : "failed";
      out.push_back({e.id, e.user_id, e.cue_id});
    }
    world_.changed.notify_all();
    return out;
  }

private:
  memory_world& world_;
};

persistence::started_delivery started(const memory_world::execution& e) {
  persistence::started_delivery d;
  d.execution_id = e.id;
  d.user_id = e.user_id;
  d.cue_id = e.cue_id;
  d.scheduled_for = e.scheduled_for;
  d.attempt = e.attempts + 1;
  d.url = "https://receiver.example/";
  d.method = "POST";
  d.headers_json = "{}";
  d.payload_json = "{}";
  d.retry_backoff_json = "[0]";
  return d;
}

class memory_deliveries final : public persistence::delivery_store {
public:
  explicit memory_deliveries(memory_world& w) : world_{w} {}

  result<std::vector<persistence::started_delivery>> start(const std::vector<std::string>& ids, instant at) override {
    auto started = world_.pass("start", [&] { return take(ids, at); });
    if (!started && started.error().status == 503)
      doubts_.insert(at);
    return started;
  }

private:
  result<std::vector<persistence::started_delivery>> take(const std::vector<std::string>& ids, instant at) {
    const std::lock_guard lock{world_.mutex};
    if (world_.fault("start"))
      return fail(unavailable("away"));
    ++world_.start_statements;
    std::vector<persistence::started_delivery> out;
    for (const auto& id : ids) {
      auto it = world_.executions.find(id);
      if (it == world_.executions.end())
        continue;
      const bool in_doubt = it->second.status == "delivering" && doubts_.contains(it->second.taken_at);
      if (it->second.status != "pending" && it->second.status != "retry_ready" && !in_doubt)
        continue;
      it->second.status = "delivering";
      it->second.taken_at = at;
      out.push_back(started(it->second));
    }
    world_.changed.notify_all();
    return out;
  }

  memory_world& world_;
  std::set<instant> doubts_; ///< calls that may have been carried out
};

class memory_clock final : public persistence::clock_store {
public:
  explicit memory_clock(memory_world& w) : world_{w} {}

  result<std::vector<persistence::armed_cue>> armed_until(instant horizon, std::size_t limit,
                                                          const persistence::armed_position& from) override {
    const std::lock_guard lock{world_.mutex};
    if (world_.fault("armed_until"))
      return fail(unavailable("away"));
    ++world_.looks;
    world_.changed.notify_all();
    std::vector<persistence::armed_cue> out;
    for (const auto& [id, c] : world_.cues)
      if (c.armed.next_run < horizon &&
          (!from.next_run || std::pair{c.armed.next_run, id} > std::pair{*from.next_run, from.cue_id}))
        out.push_back(c.armed);
    std::ranges::sort(out, {}, [](const auto& a) { return std::pair{a.next_run, a.cue_id}; });
    out.resize(std::min(out.size(), limit));
    world_.longest_look = std::max(world_.longest_look, out.size());
    return out;
  }

  result<std::vector<persistence::armed_cue>> find_armed(const std::vector<std::string>& cue_ids) override {
    const std::lock_guard lock{world_.mutex};
    std::vector<persistence::armed_cue> out;
    for (const auto& id : cue_ids)
      if (const auto it = world_.cues.find(id); it != world_.cues.end())
        out.push_back(it->second.armed);
    return out;
  }

  result<std::vector<persistence::fired_slot>> fire(const std::vector<persistence::firing>& due) override {
    const std::lock_guard lock{world_.mutex};
    if (world_.fault("fire")) {
      ++world_.refused_firings;
      world_.changed.notify_all();
      return fail(unavailable("away"));
    }
    for (const auto& f : due)
      if (f.cue.cue_id.starts_with("cue_poison"))
        return fail(error{});
    std::vector<persistence::fired_slot> out;
    for (const auto& f : due) {
      auto it = world_.cues.find(f.cue.cue_id);
      if (it == world_.cues.end() || it->second.armed != f.cue)
        continue;
      if (f.slots.empty())
        out.push_back({f.cue.cue_id, it->second.user_id, it->second.webhook, ""});
      for (const auto& slot : f.slots)
        out.push_back(make(it->second, slot, slot.take && it->second.webhook && f.slots.size() == 1));
      if (f.following)
        it->second.armed.next_run = *f.following;
      else
        world_.cues.erase(it);
    }
    world_.changed.notify_all();
    return out;
  }

  result<std::vector<persistence::started_delivery>> taken_in_doubt() override {
    const std::lock_guard lock{world_.mutex};
    std::vector<persistence::started_delivery> out;
    for (const auto& id : doubts_)
      if (const auto it = world_.executions.find(id);
          it != world_.executions.end() && it->second.status == "delivering" && it->second.attempts == 0)
        out.push_back(started(it->second));
    doubts_.clear();
    return out;
  }
  void doubt(const std::vector<persistence::firing>& due) {
    for (const auto& f : due)
      for (const auto& slot : f.slots)
        if (slot.take)
          doubts_.push_back(slot.execution_id);
  }

private:
  persistence::fired_slot make(const memory_world::cue& cue, const persistence::slot_firing& slot, bool take) {
    memory_world::execution e;
    e.id = slot.execution_id;
    e.user_id = cue.user_id;
    e.cue_id = cue.armed.cue_id;
    e.webhook = cue.webhook;
    e.scheduled_for = slot.at;
    e.backfilled = slot.backfilled;
    e.status = slot.missed ? "missed" : take ? "delivering" : "pending";
    if (take)
      e.taken_at = now();
    world_.executions[e.id] = e;
    world_.firings.emplace_back(slot.at, now());
    persistence::fired_slot made{e.cue_id, e.user_id, e.webhook, e.id, slot.at, slot.backfilled, !slot.missed, false};
    if (take)
      made.started = started(e);
    return made;
  }

  memory_world& world_;
  std::vector<std::string> doubts_; ///< that calls may have taken
};

class memory_deadlines final : public persistence::deadline_store {
public:
  explicit memory_deadlines(memory_world& w) : world_{w} {}

  result<std::vector<persistence::due_delivery>> ready_retries(instant at) override {
    const std::lock_guard lock{world_.mutex};
    if (world_.fault("ready_retries"))
      return fail(unavailable("away"));
    std::vector<persistence::due_delivery> out;
    for (auto& [id, e] : world_.executions)
      if (e.status == "retrying" && e.next_retry && *e.next_retry <= at) {
        e.status = "retry_ready";
        out.push_back({id, e.user_id, e.backfilled});
      }
    return out;
  }

  result<std::optional<instant>> next_retry_before(instant at, instant horizon) override {
    const std::lock_guard lock{world_.mutex};
    std::optional<instant> soonest;
    for (const auto& [id, e] : world_.executions)
      if (e.status == "retrying" && e.next_retry && *e.next_retry > at && *e.next_retry < horizon)
        soonest = std::min(soonest.value_or(*e.next_retry), *e.next_retry);
    return soonest;
  }

  result<std::vector<persistence::due_delivery>> undispatched(instant at) override {
    const std::lock_guard lock{world_.mutex};
    if (world_.fault("undispatched"))
      return fail(unavailable("away"));
    std::vector<persistence::due_delivery> out;
    for (const auto& [id, e] : world_.executions)
      if (e.webhook && (e.status == "pending" || e.status == "retry_ready") && e.scheduled_for <= at)
        out.push_back({id, e.user_id, e.backfilled});
    return out;
  }

  result<persistence::expired_outcomes> expire_outcomes(instant) override { return persistence::expired_outcomes{}; }
  result<std::vector<persistence::due_delivery>> forgotten(instant) override {
    return std::vector<persistence::due_delivery>{};
  }
  result<std::vector<persistence::stale_delivery>> stale_deliveries(instant older_than) override {
    const std::lock_guard lock{world_.mutex};
    std::vector<persistence::stale_delivery> out;
    for (const auto& [id, e] : world_.executions)
      if (e.webhook && e.status == "delivering" && e.taken_at < older_than) {
        persistence::stale_delivery s;
        s.execution_id = id;
        s.user_id = e.user_id;
        s.cue_id = e.cue_id;
        s.attempts = e.attempts;
        s.retry_max_attempts = 3;
        s.retry_backoff_json = "[0]";
        out.push_back(std::move(s));
      }
    return out;
  }
  result<std::vector<persistence::returned_execution>> return_lost_claims(instant) override {
    return std::vector<persistence::returned_execution>{};
  }
  result<std::size_t> miss_unclaimed(instant) override {
    const std::lock_guard lock{world_.mutex};
    ++world_.sweeps;
    world_.changed.notify_all();
    if (world_.fault("miss_unclaimed"))
      return fail(unavailable("away"));
    return 0;
  }
  result<std::size_t> tell_silent_workers(instant) override {
    const std::lock_guard lock{world_.mutex};
    ++world_.looks_for_silent_workers;
    world_.changed.notify_all();
    return 0;
  }
  result<std::size_t> fold_runs() override {
    const std::lock_guard lock{world_.mutex};
    ++world_.folds;
    world_.changed.notify_all();
    if (world_.fault("fold_runs"))
      return fail(unavailable("away"));
    return 0;
  }
  result<std::size_t> clean_up(instant) override { return 0; }

private:
  memory_world& world_;
};

class memory_notices final : public persistence::notice_store {
public:
  explicit memory_notices(memory_world& w) : world_{w} {}

  result<std::vector<persistence::started_notice>> take(const persistence::notice_batch& wanted, instant at) override {
    const std::lock_guard lock{world_.mutex};
    if (world_.fault("take"))
      return fail(unavailable("away"));
    std::map<std::string, std::size_t> turns;
    std::vector<persistence::started_notice> out;
    for (auto& [id, n] : world_.notices) {
      const bool forgotten = n.status == "sending" && n.taken_at < at - std::chrono::seconds{5};
      if ((n.status != "pending" && !forgotten) || n.due > at ||
          std::ranges::count(wanted.not_of, n.started.user_id) > 0 || out.size() >= wanted.at_most ||
          turns[n.started.user_id] >= wanted.per_user_at_most)
        continue;
      ++turns[n.started.user_id];
      n.status = "sending";
      n.taken_at = at;
      ++n.started.attempt;
      out.push_back(n.started);
    }
    world_.changed.notify_all();
    return out;
  }

  result<std::size_t> finish(const std::vector<persistence::notice_result>& results, instant) override {
    const std::lock_guard lock{world_.mutex};
    if (world_.fault("finish"))
      return fail(unavailable("away"));
    std::size_t written = 0;
    for (const auto& r : results) {
      auto& n = world_.notices.at(r.id);
      if (n.status != "sending" || n.started.attempt != r.attempt)
        continue;
      const bool again = r.what == persistence::notice_result::verdict::retry;
      n.status = again ? "pending" : std::string{persistence::name_of(r.what)};
      n.last_error = r.last_error.value_or("");
      ++written;
    }
    world_.changed.notify_all();
    return written;
  }

  result<persistence::notice_counts> counts(instant) override { return persistence::notice_counts{}; }

private:
  memory_world& world_;
};

/// Every call of a store passes the world's faults.
template <class Store>
class passing {
public:
  explicit passing(memory_world& w) : world_{w}, inner_{w} {}

protected:
  memory_world& world_;
  Store inner_;
};

class passing_claims final : public persistence::claim_store, passing<memory_claims> {
public:
  using passing::passing;
  result<std::vector<std::optional<persistence::claimed_execution>>>
  claim(const std::vector<persistence::claim_attempt>& attempts, instant at) override {
    return world_.pass("claim", [&] { return inner_.claim(attempts, at); });
  }
  result<std::vector<persistence::ready_execution>> ready(const std::string& user, instant at, std::size_t n) override {
    return world_.pass("ready", [&] { return inner_.ready(user, at, n); });
  }
  result<std::optional<instant>> next_due(const std::string& user, instant at) override {
    return world_.pass("next_due", [&] { return inner_.next_due(user, at); });
  }
  result<std::vector<std::optional<instant>>> give_back(const std::vector<persistence::held_claim>& claims) override {
    return world_.pass("give_back", [&] { return inner_.give_back(claims); });
  }
};

class passing_outcomes final : public persistence::outcome_store, passing<memory_outcomes> {
public:
  using passing::passing;
  result<std::vector<recorded_outcome>> record_outcomes(const std::vector<persistence::reported_outcome>& reports,
                                                        instant at) override {
    return world_.pass("record_outcomes", [&] { return inner_.record_outcomes(reports, at); });
  }
  result<std::vector<persistence::recorded_attempt>> record_attempts(const std::vector<attempt_result>& attempts,
                                                                     instant at) override {
    return world_.pass("record_attempts", [&] { return inner_.record_attempts(attempts, at); });
  }
};

class passing_clock final : public persistence::clock_store, passing<memory_clock> {
public:
  using passing::passing;
  result<std::vector<persistence::armed_cue>> armed_until(instant horizon, std::size_t limit,
                                                          const persistence::armed_position& from) override {
    return world_.pass("armed_until", [&] { return inner_.armed_until(horizon, limit, from); });
  }
  result<std::vector<persistence::armed_cue>> find_armed(const std::vector<std::string>& ids) override {
    return world_.pass("find_armed", [&] { return inner_.find_armed(ids); });
  }
  result<std::vector<persistence::fired_slot>> fire(const std::vector<persistence::firing>& due) override {
    auto fired = world_.pass("fire", [&] { return inner_.fire(due); });
    if (!fired && fired.error().status == 503)
      inner_.doubt(due);
    return fired;
  }
  result<std::vector<persistence::started_delivery>> taken_in_doubt() override {
    return world_.pass("taken_in_doubt", [&] { return inner_.taken_in_doubt(); });
  }
};

class passing_deadlines final : public persistence::deadline_store, passing<memory_deadlines> {
public:
  using passing::passing;
  result<std::vector<persistence::due_delivery>> ready_retries(instant at) override {
    return world_.pass("ready_retries", [&] { return inner_.ready_retries(at); });
  }
  result<std::optional<instant>> next_retry_before(instant at, instant horizon) override {
    return world_.pass("next_retry_before", [&] { return inner_.next_retry_before(at, horizon); });
  }
  result<persistence::expired_outcomes> expire_outcomes(instant at) override {
    return world_.pass("expire_outcomes", [&] { return inner_.expire_outcomes(at); });
  }
  result<std::vector<persistence::due_delivery>> undispatched(instant at) override {
    return world_.pass("undispatched", [&] { return inner_.undispatched(at); });
  }
  result<std::vector<persistence::due_delivery>> forgotten(instant older_than) override {
    return world_.pass("forgotten", [&] { return inner_.forgotten(older_than); });
  }
  result<std::vector<persistence::stale_delivery>> stale_deliveries(instant older_than) override {
    return world_.pass("stale_deliveries", [&] { return inner_.stale_deliveries(older_than); });
  }
  result<std::vector<persistence::returned_execution>> return_lost_claims(instant at) override {
    return world_.pass("return_lost_claims", [&] { return inner_.return_lost_claims(at); });
  }
  result<std::size_t> miss_unclaimed(instant at) override {
    return world_.pass("miss_unclaimed", [&] { return inner_.miss_unclaimed(at); });
  }
  result<std::size_t> fold_runs() override {
    return world_.pass("fold_runs", [&] { return inner_.fold_runs(); });
  }
  result<std::size_t> tell_silent_workers(instant at) override {
    return world_.pass("tell_silent_workers", [&] { return inner_.tell_silent_workers(at); });
  }
  result<std::size_t> clean_up(instant at) override {
    return world_.pass("clean_up", [&] { return inner_.clean_up(at); });
  }
};

class passing_notices final : public persistence::notice_store, passing<memory_notices> {
public:
  using passing::passing;
  result<std::vector<persistence::started_notice>> take(const persistence::notice_batch& wanted, instant at) override {
    return world_.pass("take", [&] { return inner_.take(wanted, at); });
  }
  result<std::size_t> finish(const std::vector<persistence::notice_result>& results, instant at) override {
    return world_.pass("finish", [&] { return inner_.finish(results, at); });
  }
  result<persistence::notice_counts> counts(instant at) override {
    return world_.pass("counts", [&] { return inner_.counts(at); });
  }
};

} // namespace

actors::store_makers memory_world::makers() {
  return {[this] { return std::make_unique<passing_claims>(*this); },
          [this] { return std::make_unique<passing_outcomes>(*this); },
          [this] { return std::make_unique<memory_deliveries>(*this); },
          [this] { return std::make_unique<passing_clock>(*this); },
          [this] { return std::make_unique<passing_deadlines>(*this); },
          [this] { return std::make_unique<passing_notices>(*this); }};
}

} // namespace cued::test
