#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/deterministic/chance.hpp"
#include "tests/deterministic/invariants.hpp"
#include "tests/deterministic/store_model.hpp"
#include "tests/deterministic/trace.hpp"

namespace cued::deterministic {

class node;

/// How bad it gets. Rates of statements are per million.
struct weather {
  std::uint64_t refused = 0, in_doubt = 0, spoilt = 0, dies = 0, slow = 0;
  std::uint64_t actor_kills = 0;           ///< per million messages
  std::chrono::seconds crash_every{0};     ///< on average; 0: never
  std::chrono::seconds outage_every{0};    ///< of the database
  std::chrono::seconds jump_every{0};      ///< of the wall clock
  std::uint64_t lost_hints_percent = 0;    ///< what routes tell the engine
  std::uint64_t bad_answers_percent = 0;   ///< of the receiver
  std::uint64_t worker_deaths_percent = 0; ///< of the runs of workers
};

/// Everything but the engine: time, who runs next, the database, what goes wrong, and the books of what happened.
/// One thread. Time passes only in advance(); between two events everything that can run does, in the order of the
/// seed.
class world {
public:
  using time = std::chrono::microseconds; ///< steady, since the beginning of the simulation

  world(std::uint64_t seed, instant start);
  ~world();
  world(const world&) = delete;
  world& operator=(const world&) = delete;

  // -- time ----------------------------------------------------------------------
  [[nodiscard]] time now() const { return now_; }
  [[nodiscard]] instant wall() const { return start_ + now_ + jumped_; }
  void jump(time by) { jumped_ += by; }
  void after(time delay, std::function<void()> then) { timeline_.emplace(now_ + delay, std::move(then)); }
  /// The same, but not while a statement is under way: for what takes nodes away.
  void after_quietly(time delay, std::function<void()> then);

  [[nodiscard]] std::int64_t next_epoch() { return ++epochs_; }

  // -- running --------------------------------------------------------------------
  /// One message of one actor, or, if there is none, time passes until the next event.
  void step();
  /// Others run for a while, and time passes, while somebody waits for the database.
  void let_others_run();
  /// Or until something fails.
  void run_until(time end);
  [[nodiscard]] std::uint64_t steps() const { return steps_; }

  /// A promise was broken. Remembered, not thrown: actors catch what is thrown.
  void fail(const std::string& how) {
    if (failure_.empty())
      failure_ = how;
  }
  [[nodiscard]] const std::string& failure() const { return failure_; }
  /// Calls `check`; what it throws is a failure.
  template <class Check>
  void guarded(Check check) {
    try {
      check();
    } catch (const std::exception& e) {
      fail(e.what());
    }
  }

  /// A call of a client that no actor is about to answer is a broken promise after a second.
  void expect_answer(const node& by, std::uint64_t number, const char* what);
  void answered(std::uint64_t number) { open_calls_.erase(number); }
  void forget_calls_of(const node& dead);
  std::uint64_t new_call() { return ++last_call_; }

  void note(const char* what, std::string_view who = {}, std::int64_t number = 0) {
    log.add(wall(), what, who, number);
  }

  chance roll;
  trace log;
  store_model store;
  invariants checks;
  weather sky;
  std::vector<std::unique_ptr<node>> nodes;
  time database_back_at{0}; ///< it is away until then

private:
  void advance(time at_most);
  void set_time(time now);
  void expect_no_silence();

  struct open_call {
    const node* by;
    const char* what;
    time asked;
  };

  instant start_;
  std::int64_t epochs_ = 0;
  time now_{0}, jumped_{0};
  time statement_ended_{0}; ///< the last slow one
  std::multimap<time, std::function<void()>> timeline_;
  std::map<std::uint64_t, open_call> open_calls_; ///< by number, so the oldest is the first
  std::uint64_t steps_ = 0, last_call_ = 0;
  int depth_ = 0; ///< statements under way
  std::string failure_;
};

} // namespace cued::deterministic
