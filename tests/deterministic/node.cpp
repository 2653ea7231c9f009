#include "tests/deterministic/node.hpp"

#include <algorithm>

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/scheduled_actor.hpp>
#include <caf/send.hpp>

namespace cued::deterministic {
namespace {

using namespace std::chrono_literals;
using steady = caf::actor_clock::time_point;

/// Where the steady clock of every node begins: zero means "never" to some.
constexpr std::chrono::seconds steady_start{1'000'000};

steady to_steady(world::time t) { return steady{steady_start + t}; }

} // namespace

/// The statements of one life go through here.
class node::gate final : public store_gate {
public:
  explicit gate(node& of) : node_{of} {}

  fate enter(const char* operation) override {
    auto& w = node_.world_;
    if (dead_)
      return fate::refused;
    w.let_others_run();
    if (w.now() < w.database_back_at)
      return fate::refused;
    const auto drawn = w.roll.below(1'000'000);
    auto mark = w.sky.refused;
    const auto within = [&](std::uint64_t width) {
      mark += width;
      return drawn < mark;
    };
    auto drawn_fate = fate::goes_through;
    if (drawn < w.sky.refused)
      drawn_fate = fate::refused;
    else if (within(w.sky.in_doubt))
      drawn_fate = fate::in_doubt;
    else if (within(w.sky.spoilt))
      drawn_fate = fate::spoilt;
    else if (within(w.sky.dies))
      drawn_fate = fate::dies_before;
    else if (within(w.sky.dies))
      drawn_fate = fate::dies_after;
    if (drawn_fate != fate::goes_through)
      w.note(operation, node_.name_, static_cast<int>(drawn_fate));
    return drawn_fate;
  }

  bool leave(const char*) override {
    node_.world_.let_others_run();
    return !dead_;
  }

  store_model& database() override { return node_.world_.store; }
  [[nodiscard]] std::int64_t epoch() const override { return epoch_; }
  void broken(const std::string& how) override { node_.world_.fail(how); }

  void die() { dead_ = true; }

private:
  node& node_;
  std::int64_t epoch_ = node_.world_.next_epoch();
  bool dead_ = false;
};

struct node::incarnation {
  explicit incarnation(node& of) : way{std::make_shared<gate>(of)} {}

  std::shared_ptr<gate> way;
  prometheus::Registry metrics;
  actors::clock_pulse pulse;
  std::unique_ptr<actors::actor_engine> engine;
};

node::node(world& around, network& net, std::string name, node_settings settings, world::time skew)
    : world_{around}, net_{net}, name_{std::move(name)}, settings_{settings}, skew_{skew} {}

node::~node() {
  if (life_)
    crash();
}

void node::start() {
  ++lives_;
  world_.note("starts", name_);
  life_ = std::make_unique<incarnation>(*this);
  actors::engine_settings s;
  s.shards = settings_.shards;
  s.poll_interval = settings_.poll_interval;
  s.webhooks_in_flight = s.webhooks_in_flight_per_tenant = settings_.webhooks_in_flight;
  if (settings_.sole_owner)
    s.sole_owner_since = now();
  s.restarts.deaths_at_most = 1'000'000; // of injected faults
  s.watch.look_every = 2s;
  s.watch.stuck_after = 1s; // so that slow statements end beside a successor
  s.watch.hopeless_after = 10'000h;
  s.new_execution_id = [this] {
    constexpr const char* digits = "0123456789abcdef";
    std::string id = "x";
    for (auto n = world_.roll.next() >> 8; n > 0; n >>= 4)
      id += digits[n & 15];
    return id;
  };
  s.new_seed = [this] { return world_.roll.next(); };
  s.stepwise = this;
  stopping_ = false;
  alone_ = true;
  life_->engine = std::make_unique<actors::actor_engine>(
      s, stores_behind(life_->way), *this, *this, *this, life_->metrics, life_->pulse,
      [this](const std::string& why) { world_.fail("members are brought back: " + why); });
  alone_ = false;
}

void node::crash() {
  world_.note("crashes", name_);
  end();
}

void node::stop() {
  world_.note("stops", name_);
  stopping_ = true;
  life_->engine->drain(10s);
  end();
}

void node::end() {
  life_->way->die();
  net_.forget(*this);
  world_.forget_calls_of(*this);
  ++lives_; // who still hears an answer hears it from the dead
  alone_ = true;
  life_->engine.reset();
  alone_ = false;
  scheduler_ = nullptr;
  life_.reset();
}

actors::engine& node::engine() { return *life_->engine; }

void node::adopt(caf::actor_system& system) {
  scheduler_ = dynamic_cast<caf::scheduler::test_coordinator*>(&system.scheduler());
  if (!scheduler_)
    throw std::logic_error{"the engine does not run step by step"};
  scheduler_->clock().current_time = to_steady(world_.now());
  system.await_actors_before_shutdown(false); // run_until has a word for those that do not end
}

bool node::run_until(const std::function<bool()>& done) {
  if (alone_)
    return run_alone(done);
  while (!done()) {
    if (!world_.failure().empty())
      return false;
    world_.step();
  }
  return true;
}

bool node::run_alone(const std::function<bool()>& done) {
  bool reached = done();
  while (!reached && scheduler_->try_run_once())
    reached = done();
  if (!reached)
    world_.fail("all actors of a node come to their end, but not " + living());
  met_.clear(); // before the system is gone
  return reached;
}

std::string node::living() const {
  std::string out;
  for (const auto& [id, one] : met_)
    if (const auto* actor = dynamic_cast<caf::local_actor*>(caf::actor_cast<caf::abstract_actor*>(one));
        actor && !actor->getf(caf::abstract_actor::is_terminated_flag))
      out += std::string{actor->name()} + "(" + std::to_string(id) + ") ";
  return out;
}

void node::run(std::size_t nth) {
  auto& line = scheduler_->jobs;
  std::rotate(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(nth),
              line.begin() + static_cast<std::ptrdiff_t>(nth) + 1);
  if (auto* actor = dynamic_cast<caf::scheduled_actor*>(line.front())) {
    if (const auto [place, is_new] = met_.try_emplace(actor->id()); is_new)
      place->second = caf::actor_cast<caf::strong_actor_ptr>(actor);
    world_.note(actor->name(), name_, static_cast<std::int64_t>(actor->id()));
    const std::string_view kind{actor->name()};
    if (world_.roll.per_million(world_.sky.actor_kills) && kind != "supervisor") {
      world_.note("is killed", kind, static_cast<std::int64_t>(actor->id()));
      caf::anon_send_exit(caf::actor_cast<caf::actor>(actor), caf::exit_reason::kill);
    }
  }
  scheduler_->try_run_once();
}

world::time node::next_timeout() const {
  if (!scheduler_ || scheduler_->clock().schedule().empty())
    return world::time::max();
  const auto at = scheduler_->clock().schedule().begin()->first.time_since_epoch() - steady_start;
  return std::chrono::ceil<world::time>(at);
}

void node::pass_time() {
  if (!scheduler_)
    return;
  scheduler_->clock().current_time = to_steady(world_.now());
  scheduler_->advance_time(caf::timespan{0});
}

void node::send(actors::webhook_request request, std::function<void(actors::webhook_response)> done) {
  net_.post(*this, request, std::move(done));
}

} // namespace cued::deterministic
