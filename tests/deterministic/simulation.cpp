#include "tests/deterministic/simulation.hpp"

#include <algorithm>
#include <cstdio>

#include <spdlog/spdlog.h>

#include "tests/deterministic/population.hpp"

namespace cued::deterministic {
namespace {

using namespace std::chrono_literals;
using us = std::chrono::microseconds;

/// Some of them, so that summer time begins or ends in a run.
instant start_of(chance& roll) {
  const std::vector<std::chrono::sys_days> days{std::chrono::year{2025} / 3 / 29, std::chrono::year{2025} / 10 / 25,
                                                std::chrono::year{2024} / 2 / 28, std::chrono::year{2025} / 12 / 31,
                                                std::chrono::year{2026} / 6 / 15, std::chrono::year{2025} / 3 / 9};
  return roll.one_of(days) + std::chrono::minutes{roll.between(0, 24 * 60)};
}

weather weather_of(chance& roll) {
  weather w;
  switch (roll.below(4)) {
  case 0: // fine
    return w;
  case 1:
    w.refused = w.in_doubt = 500;
    w.dies = 100;
    w.slow = 5'000;
    break;
  case 2:
    w.refused = w.in_doubt = 5'000;
    w.dies = 2'000;
    w.spoilt = 200;
    w.slow = 30'000;
    break;
  default: // foul
    w.refused = w.in_doubt = 60'000;
    w.dies = 20'000;
    w.spoilt = 5'000;
    w.slow = 200'000;
  }
  w.actor_kills = roll.one_of(std::vector<std::uint64_t>{0, 20, 300});
  w.crash_every = roll.one_of(std::vector{0s, 1200s, 7200s});
  w.outage_every = roll.one_of(std::vector{0s, 1800s, 7200s});
  w.jump_every = roll.one_of(std::vector{0s, 0s, 7200s});
  w.lost_hints_percent = roll.one_of(std::vector<std::uint64_t>{0, 10, 100});
  w.bad_answers_percent = roll.one_of(std::vector<std::uint64_t>{0, 10, 50});
  w.worker_deaths_percent = roll.one_of(std::vector<std::uint64_t>{0, 3, 15});
  return w;
}

class simulation {
public:
  simulation(std::uint64_t seed, const simulation_options& options)
      : options_{options}, setup_{seed}, world_{setup_.next(), start_of(setup_)}, receiver_{world_} {
    world_.store.broken = options.broken;
    world_.sky = weather_of(setup_);
    build_nodes();
    build_cues();
    plan_faults();
  }

  ~simulation() { world_.nodes.clear(); }
  simulation(const simulation&) = delete;
  simulation& operator=(const simulation&) = delete;

  simulation_report run() {
    simulation_report out;
    out.scene = scene();
    const us faults_end = options_.with_faults;
    world_.run_until(faults_end);
    if (world_.failure().empty())
      calm_down();
    out.failure = world_.failure();
    out.hash = world_.log.hash();
    out.steps = world_.steps();
    out.events = world_.log.size();
    out.executions = world_.store.executions().size();
    out.delivered = receiver_.accepted;
    for (const auto& w : workers_) {
      out.claimed += w->claimed;
      out.reported += w->reported;
    }
    out.crashes = crashes_;
    out.outages = outages_;
    out.hours = std::chrono::duration<double, std::ratio<3600>>(world_.now()).count();
    if (!out.failure.empty())
      out.last_events = world_.log.last();
    return out;
  }

private:
  // -- the scene -------------------------------------------------------------------
  void build_nodes() {
    const auto count = setup_.one_in(3) ? 2 : 1;
    for (int i = 0; i < count; ++i) {
      node_settings s;
      s.shards = static_cast<std::size_t>(setup_.between(1, 2));
      s.poll_interval = std::chrono::seconds{setup_.one_of(std::vector{5, 5, 15, 60})};
      s.webhooks_in_flight = static_cast<std::size_t>(setup_.one_of(std::vector{2, 10, 50}));
      s.sole_owner = count == 1 && setup_.one_in(2);
      const us skew{count == 1 ? 0 : setup_.between(-500'000, 500'000)};
      world_.nodes.push_back(std::make_unique<node>(world_, receiver_, "node" + std::to_string(i + 1), s, skew));
    }
    for (const auto& n : world_.nodes)
      n->start();
  }

  std::string cron() {
    auto& r = setup_;
    const auto n = [&](int least, int most) { return std::to_string(r.between(least, most)); };
    switch (r.below(7)) {
    case 0:
      return "* * * * * */" + n(20, 40);
    case 1:
      return "*/" + n(2, 20) + " * * * *";
    case 2:
      return n(0, 59) + " * * * *";
    case 3:
      return n(0, 59) + "," + n(0, 59) + " * * * * " + n(0, 59);
    case 4:
      return n(0, 59) + " */2 * * *";
    case 5:
      return "0,30 0-4 * * *";
    default:
      return "*/5 * * * *";
    }
  }

  cue_row new_cue(const std::string& user) {
    auto& r = setup_;
    cue_row c;
    c.id = "cue_" + std::to_string(++cues_);
    c.user_id = user;
    c.webhook = r.one_in(2);
    c.once = r.one_in(5);
    c.zone = r.one_of(std::vector<std::string>{"UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"});
    if (r.one_in(4))
      c.overlap_policy = r.one_in(2) ? "skip" : "queue_one";
    if (r.one_in(4))
      c.catch_up = r.one_of(std::vector<std::string>{"latest", "none", "all"});
    if (r.one_in(6))
      c.catch_up_window_seconds = static_cast<int>(r.between(60, 7200));
    if (r.one_in(4))
      c.outcome_deadline_seconds = static_cast<int>(r.between(30, 900));
    c.pause_on_failure = r.one_in(8);
    c.retry_max_attempts = static_cast<int>(r.between(1, 5));
    c.retry_backoff_minutes_json = r.one_of(std::vector<std::string>{"[1, 5, 15]", "[0]", "[1]", "[2, 10]"});
    c.retry_jitter_percent = static_cast<int>(r.one_of(std::vector<std::int64_t>{0, 0, 50}));
    const auto now = world_.wall();
    if (c.once) {
      c.next_run = now + us{r.between(1'000'000, us{options_.with_faults}.count())};
      return c;
    }
    c.cron = cron();
    c.next_run =
        next_run_after({schedule_type::recurring, c.cron, std::nullopt, c.zone}, cron_seed(c.id), now, overlap::once)
            .value()
            .value();
    return c;
  }

  void add_worker(const std::string& user) {
    workers_.push_back(std::make_unique<worker>(world_, user, "w" + std::to_string(workers_.size() + 1)));
    workers_.back()->begin();
  }

  void build_cues() {
    const auto users = setup_.between(1, 3);
    for (int u = 0; u < users; ++u) {
      const auto user = "user" + std::to_string(u + 1);
      users_.push_back(user);
      for (auto n = setup_.between(2, 6); n > 0; --n)
        world_.store.add_cue(new_cue(user));
      for (auto n = setup_.between(1, 3); n > 0; --n)
        add_worker(user);
    }
  }

  [[nodiscard]] std::string scene() const {
    const auto& s = world_.sky;
    return std::to_string(world_.nodes.size()) + " nodes, " + std::to_string(cues_) + " cues, " +
           std::to_string(workers_.size()) + " workers; statements refused " + std::to_string(s.refused) +
           " ppm, slow " + std::to_string(s.slow) + " ppm; crash every " + std::to_string(s.crash_every.count()) +
           " s, outage every " + std::to_string(s.outage_every.count()) + " s";
  }

  // -- what goes wrong ----------------------------------------------------------------
  /// Again and again, until the faults are over.
  void now_and_then(std::chrono::seconds every, void (simulation::*what)()) {
    if (every == 0s)
      return;
    world_.after_quietly(us{world_.roll.between(1'000'000, 2 * us{every}.count())}, [this, every, what] {
      if (calm_)
        return;
      (this->*what)();
      now_and_then(every, what);
    });
  }

  void plan_faults() {
    now_and_then(world_.sky.crash_every, &simulation::crash_one);
    now_and_then(world_.sky.outage_every, &simulation::take_database_away);
    now_and_then(world_.sky.jump_every, &simulation::jump);
    now_and_then(120s, &simulation::fire_by_hand);
    now_and_then(1800s, &simulation::meddle_with_a_cue);
    now_and_then(1200s, &simulation::make_a_cue);
  }

  void crash_one() {
    auto* n = any_node(world_);
    if (!n)
      return;
    ++crashes_;
    world_.roll.one_in(3) ? n->stop() : n->crash();
    const us away{world_.roll.one_in(4) ? world_.roll.between(1'000'000, 5'400'000'000)
                                        : world_.roll.between(100'000, 20'000'000)};
    world_.after_quietly(away, [n] {
      if (!n->alive())
        n->start();
    });
  }

  void take_database_away() {
    ++outages_;
    const us away{world_.roll.one_in(4) ? world_.roll.between(1'000'000, 1'800'000'000)
                                        : world_.roll.between(10'000, 20'000'000)};
    world_.note("database away", {}, away.count());
    world_.database_back_at = world_.now() + away;
  }

  void jump() {
    const us by{world_.roll.one_in(3) ? world_.roll.between(-1'000'000, 0) : world_.roll.between(0, 3'600'000'000)};
    world_.note("clock jumps", {}, by.count());
    world_.jump(by);
  }

  // -- what routes do -------------------------------------------------------------------
  [[nodiscard]] bool route_works() const { return world_.now() >= world_.database_back_at; }
  /// A node that hears of a commit, or none.
  node* told() { return world_.roll.percent(world_.sky.lost_hints_percent) ? nullptr : any_node(world_); }

  [[nodiscard]] const cue_row& any_cue() {
    auto it = world_.store.cues().begin();
    std::advance(it, world_.roll.below(world_.store.cues().size()));
    return it->second;
  }

  void fire_by_hand() {
    if (!route_works())
      return;
    const auto& c = any_cue();
    const auto now = world_.wall();
    const bool later = world_.roll.one_in(3);
    const auto wanted = later ? now + us{world_.roll.between(1'000'000, 600'000'000)} : now;
    const auto id = "m" + std::to_string(++fired_by_hand_);
    const auto at = world_.store.fire_by_hand(id, c.id, wanted, later);
    world_.checks.fire_answered(id);
    if (auto* n = told())
      n->engine().execution_created(c.user_id, id, c.webhook, at);
  }

  void meddle_with_a_cue() {
    if (!route_works())
      return;
    const auto& c = any_cue();
    if (c.status == "active" && !c.once && world_.roll.one_in(2))
      world_.store.change_cue(c.id, "paused", std::nullopt);
    else if (c.status == "paused" && !c.once)
      world_.store.change_cue(c.id, "active",
                              next_run_after({schedule_type::recurring, c.cron, std::nullopt, c.zone}, cron_seed(c.id),
                                             world_.wall(), overlap::once)
                                  .value());
    if (auto* n = told())
      n->engine().cue_changed(c.id);
  }

  void make_a_cue() {
    if (!route_works() || cues_ > 25)
      return;
    auto c = new_cue(users_.front());
    const auto id = c.id;
    world_.store.add_cue(std::move(c));
    if (auto* n = told())
      n->engine().cue_changed(id);
  }

  // -- the end ----------------------------------------------------------------------------
  void calm_down() {
    calm_ = true;
    world_.note("calm");
    world_.sky = {};
    world_.database_back_at = us{0};
    world_.run_until(world_.now() + 5min); // who was about to come back has time for it
    for (const auto& n : world_.nodes)
      if (!n->alive())
        n->start();
    // A worker that is heard keeps what it has claimed, even what it has forgotten or never knew of.
    for (const auto& w : workers_)
      w->retire();
    for (const auto& user : users_)
      add_worker(user);
    const auto calm = world_.wall();
    world_.run_until(world_.now() + us{options_.calm});
    if (world_.failure().empty())
      world_.guarded([&] { world_.checks.everything_ended(calm); });
  }

  simulation_options options_;
  chance setup_;
  world world_;
  receiver receiver_;
  std::vector<std::unique_ptr<worker>> workers_;
  std::vector<std::string> users_;
  int cues_ = 0, fired_by_hand_ = 0;
  std::size_t crashes_ = 0, outages_ = 0;
  bool calm_ = false;
};

} // namespace

std::string simulation_report::to_text() const {
  char numbers[256];
  std::snprintf(
      numbers, sizeof numbers,
      "seed %llu: %.1f h, %zu executions, %zu delivered, %zu claimed, %zu reported, %zu crashes, %zu outages, "
      "%llu steps, trace %016llx",
      static_cast<unsigned long long>(seed), hours, executions, delivered, claimed, reported, crashes, outages,
      static_cast<unsigned long long>(steps), static_cast<unsigned long long>(hash));
  std::string out = std::string{numbers} + " (" + scene + ")";
  if (failure.empty())
    return out;
  out += "\nBROKEN at step " + std::to_string(steps) + ": " + failure + "\nThe last events:\n";
  for (const auto& line : last_events)
    out += "  " + line + "\n";
  return out;
}

simulation_report simulate(std::uint64_t seed, const simulation_options& options) {
  spdlog::set_level(spdlog::level::off); // injected faults are no news
  simulation whole{seed, options};
  auto report = whole.run();
  report.seed = seed;
  return report;
}

} // namespace cued::deterministic
