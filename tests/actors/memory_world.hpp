#pragma once

#include <algorithm>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "actors/actor_engine.hpp"

/// A database in memory behind the engine's store interfaces, with faults on demand. Thread-safe: the pool members of
/// an engine share one world as they would share one Postgres.
namespace cued::test {

class memory_world {
public:
  struct execution {
    std::string id, user_id, cue_id;
    std::string status = "pending";
    bool webhook = false;
    instant scheduled_for{};
    std::string claimed_by;
    instant claimed_at{};
    instant taken_at{}; ///< by a sender
    int attempts = 0;
    std::optional<bool> outcome;
    instant recorded_at{};
    std::optional<instant> next_retry;
    bool backfilled = false;
  };
  struct cue {
    persistence::armed_cue armed;
    std::string user_id;
    bool webhook = true;
  };

  struct notice {
    persistence::started_notice started; ///< attempt: made so far
    std::string status = "pending";
    instant due{};
    std::string last_error;
    instant taken_at{}; ///< nobody says how it ended: due again after five seconds
  };

  /// What may befall one call of a store, before or after it did what it was asked for.
  enum class fault_kind { throws_before, throws_after, hangs_before, hangs_after, refused, in_doubt };

  // -- set-up -----------------------------------------------------------------
  void add(execution e) {
    const std::lock_guard lock{mutex};
    executions[e.id] = std::move(e);
  }
  void add(cue c) {
    const std::lock_guard lock{mutex};
    c.armed.user_id = c.user_id;
    c.armed.webhook = c.webhook;
    cues[c.armed.cue_id] = std::move(c);
  }

  void add(notice n) {
    const std::lock_guard lock{mutex};
    notices[n.started.id] = std::move(n);
  }

  /// The next `times` calls of the named operation throw, as a broken invariant would.
  void throw_at(const std::string& operation, int times) {
    const std::lock_guard lock{mutex};
    throws[operation] = times;
  }
  /// The next `times` calls of the named operation answer 503.
  void fail_next(const std::string& operation, int times) {
    const std::lock_guard lock{mutex};
    failures[operation] = times;
  }
  /// Calls of the named operation answer 503 until further notice.
  void away(const std::string& operation, bool is_away) {
    const std::lock_guard lock{mutex};
    is_away ? void(absent.insert(operation)) : void(absent.erase(operation));
  }

  /// The next call of the named operation meets with this. Who hangs does so until release().
  void inject(const std::string& operation, fault_kind what) {
    const std::lock_guard lock{mutex};
    injected.emplace(operation, what);
  }
  void release() {
    const std::lock_guard lock{mutex};
    released = true;
    changed.notify_all();
  }

  // -- looking ------------------------------------------------------------------
  execution find(const std::string& id) const {
    const std::lock_guard lock{mutex};
    return executions.at(id);
  }
  std::size_t count() const {
    const std::lock_guard lock{mutex};
    return executions.size();
  }
  std::vector<execution> of_cue(const std::string& cue_id) const {
    const std::lock_guard lock{mutex};
    std::vector<execution> out;
    for (const auto& [id, e] : executions)
      if (e.cue_id == cue_id)
        out.push_back(e);
    std::ranges::sort(out, {}, &execution::scheduled_for);
    return out;
  }
  /// Waits until `condition` holds of the world; false if it does not within ten seconds.
  template <class Condition>
  bool eventually(Condition condition) {
    std::unique_lock lock{mutex};
    return changed.wait_for(lock, std::chrono::seconds{10}, [&] { return condition(*this); });
  }

  actors::store_makers makers();

  /// The way of every call of a store.
  template <class Call>
  auto pass(const std::string& operation, Call call) -> decltype(call()) {
    const auto fate = fate_of(operation);
    if (fate == fault_kind::throws_before)
      throw std::runtime_error("injected before " + operation);
    if (fate == fault_kind::refused)
      return fail(unavailable("refused"));
    if (fate == fault_kind::hangs_before)
      hang();
    auto answer = call();
    done(operation);
    if (fate == fault_kind::throws_after)
      throw std::runtime_error("injected after " + operation);
    if (fate == fault_kind::hangs_after)
      hang();
    if (fate == fault_kind::in_doubt)
      return fail(unavailable("the answer was lost"));
    return answer;
  }

  /// Runs before each operation, under the lock; true: answer 503.
  bool fault(const std::string& operation) {
    if (auto it = throws.find(operation); it != throws.end() && it->second > 0) {
      --it->second;
      throw std::runtime_error("injected fault in " + operation);
    }
    if (auto it = failures.find(operation); it != failures.end() && it->second > 0) {
      --it->second;
      return true;
    }
    return absent.contains(operation);
  }

  mutable std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, execution> executions;
  std::map<std::string, cue> cues;
  std::map<std::int64_t, notice> notices; ///< a retry is due at once
  std::map<std::string, int> throws, failures;
  std::set<std::string> absent;
  std::map<std::string, fault_kind> injected; ///< not yet met with
  std::map<std::string, std::size_t> calls;   ///< that were carried out, by operation
  std::size_t hanging = 0;
  bool released = false;
  std::vector<std::pair<instant, instant>> firings; ///< scheduled, fired at
  std::size_t claim_statements = 0, claim_rows = 0, claims_given_back = 0;
  std::size_t ready_looks = 0;  ///< of tenants at what their workers may claim
  std::size_t looks = 0;        ///< of the clocks at their horizon
  std::size_t longest_look = 0; ///< in rows
  std::size_t start_statements = 0;
  std::size_t refused_firings = 0; ///< while the store was away
  std::size_t sweeps = 0;          ///< of the deadline clock
  std::size_t looks_for_silent_workers = 0;
  std::size_t folds = 0; ///< of the journal of runs

private:
  std::optional<fault_kind> fate_of(const std::string& operation) {
    const std::lock_guard lock{mutex};
    const auto found = injected.extract(operation);
    changed.notify_all();
    return found ? std::optional{found.mapped()} : std::nullopt;
  }
  void done(const std::string& operation) {
    const std::lock_guard lock{mutex};
    ++calls[operation];
    changed.notify_all();
  }
  void hang() {
    std::unique_lock lock{mutex};
    ++hanging;
    changed.notify_all();
    changed.wait(lock, [this] { return released; });
    --hanging;
  }
};

} // namespace cued::test
