#pragma once

#include <deque>
#include <memory>
#include <random>

#include "actors/batching.hpp"
#include "actors/directory.hpp"
#include "actors/fair_queue.hpp"
#include "actors/messages.hpp"
#include "actors/pool_member.hpp"
#include "actors/probe.hpp"
#include "persistence/outcome_store.hpp"

namespace cued::actors {

/// Writes down how things ended, in batches: what workers and handlers report, and what webhook attempts came to. What
/// arrived while the last batch was committing is the next one.
/// Reports are answered; when Postgres is away they are answered with 503. Attempts have nobody to answer: they are
/// kept and tried again until they are written, and reports do not wait for that. If this actor dies first, its
/// successor has them (and if that dies of them too, their rows are found stale and recovered).
/// Thread: its own (detached, it blocks in Postgres). Owns: its store's connection, the open batches.
/// Life: spawned and watched by the supervisor. Never: sends HTTP, decides admission.
class outcome_actor final : public pool_member {
public:
  /// The pool's member number `index`. A statement records at most `batch_rows` outcomes. `seed`: of the jitter of
  /// retries.
  outcome_actor(caf::actor_config& config, std::unique_ptr<persistence::outcome_store> store, const time_source& clock,
                const directory& others, std::size_t index, probe& probe, std::size_t batch_rows, std::uint64_t seed);

  caf::behavior make_behavior() override;
  void on_exit() override;
  const char* name() const override { return "outcome"; }

private:
  // -- messages -----------------------------------------------------------
  void on_flush(); ///< one statement for each of the two batches
  void on_tick();  ///< the database is asked again for the attempts
  void on_drain(const drain_message& message);

  void join_arrived(); ///< those that wait in the inbox
  void arm();
  void judge_arrived();
  [[nodiscard]] persistence::attempt_result judge(const attempt_message& message);
  [[nodiscard]] persistence::attempt_result judge(const lost_attempt_message& message);
  [[nodiscard]] persistence::attempt_result judge(const persistence::attempt_result& judged) const { return judged; }
  void keep_attempt(persistence::attempt_result attempt, bool inherited);
  void wait_for_database();
  void leave_to_successor(); ///< attempts; who has asked is answered
  void record_reports();
  bool record_attempts(); ///< false: the database is away, or a successor has them
  bool record_attempts_one_by_one(const std::vector<persistence::attempt_result>& batch);
  /// The clock of the soonest retry, the courier of the notices that final failures leave.
  void tell_others(const std::vector<persistence::attempt_result>& batch) const;
  /// What is in the database now: how late it was, which deadline runs, whose turn has come.
  void follow_up(const std::vector<persistence::recorded_outcome>& recorded, instant at);
  void follow_up(const std::vector<persistence::recorded_attempt>& recorded, instant at);

  // -- state ----------------------------------------------------------------
  inbox<outcome_message>& inbox_;        ///< reports
  std::vector<outcome_message> arrived_; ///< empty; kept for its capacity
  fair_queue<outcome_message> reports_;
  struct kept_attempt {
    persistence::attempt_result attempt;
    bool inherited = false;
  };
  directory::attempt_inbox& ended_;                    ///< attempts that have ended
  std::vector<unrecorded_attempt> ended_just_arrived_; ///< empty; kept for its capacity
  std::deque<unrecorded_attempt> unjudged_;
  std::deque<kept_attempt> attempts_;
  bool attempts_wait_ = false; ///< for a tick message, as the database was away
  std::mt19937_64 chance_;     ///< for the jitter of retries
  std::uniform_real_distribution<double> spread_{0.0, 1.0};
  bool armed_ = false; ///< a flush message is on its way
  std::unique_ptr<persistence::outcome_store> store_;
  const time_source& clock_;
  batch_clock batch_clock_;
  const directory& others_;
  probe& probe_;
  std::size_t batch_rows_;
};

} // namespace cued::actors
