#include "tests/deterministic/faulty_stores.hpp"

#include <stdexcept>

namespace cued::deterministic {
namespace {

using namespace persistence;

class behind_gate {
public:
  explicit behind_gate(std::shared_ptr<store_gate> gate) : gate_{std::move(gate)} {}

protected:
  template <class Call>
  auto through(const char* operation, Call call) -> result<decltype(call(std::declval<store_model&>()))> {
    const auto fate = gate_->enter(operation);
    if (fate == fate::refused)
      return fail(unavailable("The database is not reachable"));
    if (fate == fate::spoilt)
      return fail(error{});
    if (fate == fate::dies_before)
      throw std::runtime_error{"injected before the commit"};
    auto answer = [&] {
      try {
        return call(gate_->database());
      } catch (const std::exception& e) {
        gate_->broken(std::string{operation} + ": " + e.what());
        throw;
      }
    }();
    const bool alive = gate_->leave(operation);
    if (fate == fate::dies_after)
      throw std::runtime_error{"injected after the commit"};
    if (fate == fate::in_doubt || !alive)
      return fail(unavailable("The database connection was lost while committing"));
    return answer;
  }

  std::shared_ptr<store_gate> gate_;
};

class claims final : public claim_store, behind_gate {
public:
  using behind_gate::behind_gate;
  result<std::vector<std::optional<claimed_execution>>> claim(const std::vector<claim_attempt>& attempts,
                                                              instant at) override {
    return through("claim", [&](store_model& m) { return m.claim(attempts, at); });
  }
  result<std::vector<ready_execution>> ready(const std::string& user_id, instant now, std::size_t limit) override {
    return through("ready", [&](store_model& m) { return m.ready(user_id, now, limit); });
  }
  result<std::optional<instant>> next_due(const std::string& user_id, instant now) override {
    return through("next_due", [&](store_model& m) { return m.next_due(user_id, now); });
  }
  result<std::vector<std::optional<instant>>> give_back(const std::vector<held_claim>& given) override {
    return through("give_back", [&](store_model& m) { return m.give_back(given); });
  }
};

class outcomes final : public outcome_store, behind_gate {
public:
  using behind_gate::behind_gate;
  result<std::vector<recorded_outcome>> record_outcomes(const std::vector<reported_outcome>& reports,
                                                        instant at) override {
    return through("record_outcomes", [&](store_model& m) { return m.record_outcomes(reports, at); });
  }
  result<std::vector<recorded_attempt>> record_attempts(const std::vector<attempt_result>& attempts,
                                                        instant at) override {
    return through("record_attempts", [&](store_model& m) { return m.record_attempts(attempts, at); });
  }
};

class deliveries final : public delivery_store, behind_gate {
public:
  using behind_gate::behind_gate;
  /// With the memory of its own doubts that the real store has.
  result<std::vector<started_delivery>> start(const std::vector<std::string>& ids, instant at) override {
    auto started = through("start", [&](store_model& m) { return m.start(ids, doubts_, at, gate_->epoch()); });
    for (const auto& id : ids)
      if (started)
        doubts_.erase(id);
      else if (started.error().status == 503)
        doubts_[id].push_back(at);
    return started;
  }

private:
  store_model::doubts doubts_;
};

class clocks final : public clock_store, behind_gate {
public:
  using behind_gate::behind_gate;
  result<std::vector<armed_cue>> armed_until(instant horizon, std::size_t limit, const armed_position& from) override {
    return through("armed_until", [&](store_model& m) { return m.armed_until(horizon, limit, from); });
  }
  result<std::vector<armed_cue>> find_armed(const std::vector<std::string>& ids) override {
    return through("find_armed", [&](store_model& m) { return m.find_armed(ids); });
  }
  result<std::vector<fired_slot>> fire(const std::vector<firing>& due) override {
    auto fired = through("fire", [&](store_model& m) { return m.fire(due, gate_->epoch()); });
    if (!fired && fired.error().status == 503)
      for (const auto& f : due)
        for (const auto& slot : f.slots)
          if (slot.take)
            doubts_.push_back(slot.execution_id);
    return fired;
  }
  result<std::vector<started_delivery>> taken_in_doubt() override {
    if (doubts_.empty())
      return std::vector<started_delivery>{};
    auto found = through("taken_in_doubt", [&](store_model& m) { return m.taken_in_doubt(doubts_, gate_->epoch()); });
    if (found)
      doubts_.clear();
    return found;
  }

private:
  std::vector<std::string> doubts_;
};

class deadlines final : public deadline_store, behind_gate {
public:
  using behind_gate::behind_gate;
  result<std::vector<due_delivery>> ready_retries(instant now) override {
    return through("ready_retries", [&](store_model& m) { return m.ready_retries(now); });
  }
  result<std::optional<instant>> next_retry_before(instant now, instant horizon) override {
    return through("next_retry_before", [&](store_model& m) { return m.next_retry_before(now, horizon); });
  }
  result<expired_outcomes> expire_outcomes(instant now) override {
    return through("expire_outcomes", [&](store_model& m) { return m.expire_outcomes(now); });
  }
  result<std::vector<due_delivery>> undispatched(instant now) override {
    return through("undispatched", [&](store_model& m) { return m.undispatched(now); });
  }
  result<std::vector<due_delivery>> forgotten(instant older_than) override {
    return through("forgotten", [&](store_model& m) { return m.forgotten(older_than); });
  }
  result<std::vector<stale_delivery>> stale_deliveries(instant older_than) override {
    return through("stale_deliveries", [&](store_model& m) { return m.stale_deliveries(older_than); });
  }
  result<std::vector<returned_execution>> return_lost_claims(instant now) override {
    return through("return_lost_claims", [&](store_model& m) { return m.return_lost_claims(now); });
  }
  result<std::size_t> miss_unclaimed(instant now) override {
    return through("miss_unclaimed", [&](store_model& m) { return m.miss_unclaimed(now); });
  }
  result<std::size_t> fold_runs() override { return 0; } // the model keeps no journal
  result<std::size_t> tell_silent_workers(instant) override { return 0; }
  result<std::size_t> clean_up(instant) override { return 0; }
};

/// Notices are not simulated.
class no_notices final : public notice_store {
public:
  result<std::vector<started_notice>> take(const notice_batch&, instant) override {
    return std::vector<started_notice>{};
  }
  result<std::size_t> finish(const std::vector<notice_result>&, instant) override { return 0; }
  result<notice_counts> counts(instant) override { return notice_counts{}; }
};

} // namespace

actors::store_makers stores_behind(std::shared_ptr<store_gate> gate) {
  return {[gate] { return std::make_unique<claims>(gate); },     [gate] { return std::make_unique<outcomes>(gate); },
          [gate] { return std::make_unique<deliveries>(gate); }, [gate] { return std::make_unique<clocks>(gate); },
          [gate] { return std::make_unique<deadlines>(gate); },  [] { return std::make_unique<no_notices>(); }};
}

} // namespace cued::deterministic
