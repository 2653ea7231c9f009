#include "tests/deterministic/world.hpp"

#include <algorithm>

#include "tests/deterministic/node.hpp"

namespace cued::deterministic {
namespace {

using namespace std::chrono_literals;

constexpr int depth_at_most = 3;
/// A message may have to wait for its actor's turn.
constexpr std::uint64_t late_turn_one_in = 300;
constexpr world::time late_turn_at_most = 50ms;
/// Longer than any pause that an actor makes after the database was not reached.
constexpr world::time silence_at_most = 1s;
constexpr world::time quiet_again = 10ms;

} // namespace

world::world(std::uint64_t seed, instant start) : roll{seed}, checks{store, start}, start_{start} {
  store.on_execution = [this](const execution_row* before, const execution_row& after) {
    note(before ? "execution" : "execution made", after.id + " " + after.status, after.attempts);
    guarded([&] { checks.execution_written(before, after); });
  };
  store.on_cue = [this](const cue_row* before, const cue_row& after) {
    guarded([&] { checks.cue_written(before, after); });
  };
  set_time(0us);
}

world::~world() = default;

void world::after_quietly(time delay, std::function<void()> then) {
  after(delay, [this, then = std::move(then)] {
    if (depth_ > 0)
      return after_quietly(quiet_again, then);
    then();
  });
}

void world::set_time(time now) {
  now_ = now;
  store.now = wall();
  checks.now(wall());
}

void world::advance(time at_most) {
  auto next = at_most;
  if (!timeline_.empty())
    next = std::min(next, timeline_.begin()->first);
  for (const auto& n : nodes)
    next = std::min(next, n->next_timeout());
  set_time(std::max(next, now_));
  for (const auto& n : nodes)
    n->pass_time();
  while (!timeline_.empty() && timeline_.begin()->first <= now_) {
    auto due = timeline_.extract(timeline_.begin());
    guarded(due.mapped());
    set_time(now_); // the wall clock may have been moved
  }
}

void world::step() {
  ++steps_;
  std::size_t jobs = 0;
  for (const auto& n : nodes)
    jobs += n->jobs();
  if (jobs == 0) {
    if (depth_ == 0)
      expect_no_silence();
    return advance(now_ + 1h);
  }
  if (roll.one_in(late_turn_one_in))
    return advance(now_ + time{roll.between(1, late_turn_at_most.count())});
  auto which = roll.below(jobs);
  for (const auto& n : nodes) {
    if (which < n->jobs())
      return n->run(which);
    which -= n->jobs();
  }
}

void world::let_others_run() {
  if (depth_ >= depth_at_most || !roll.per_million(sky.slow))
    return;
  ++depth_;
  for (auto steps = roll.between(1, 12); steps > 0; --steps)
    step();
  --depth_;
  statement_ended_ = now_;
}

void world::run_until(time end) {
  after(end - now_, [] {});
  while (now_ < end && failure_.empty())
    step();
}

void world::expect_answer(const node& by, std::uint64_t number, const char* what) {
  open_calls_.emplace(number, open_call{&by, what, now_});
}

void world::forget_calls_of(const node& dead) {
  std::erase_if(open_calls_, [&](const auto& entry) { return entry.second.by == &dead; });
}

void world::expect_no_silence() {
  if (!open_calls_.empty() && now_ - std::max(open_calls_.begin()->second.asked, statement_ended_) > silence_at_most)
    fail(std::string{"every request is answered: "} + open_calls_.begin()->second.what);
}

} // namespace cued::deterministic
