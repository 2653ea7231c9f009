#include "actors/supervisor/supervisor.hpp"

#include <algorithm>
#include <iterator>

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <spdlog/spdlog.h>

namespace cued::actors {
namespace {

constexpr std::array all_pools{pool::courier, pool::outcome,        pool::claim,
                               pool::deliver, pool::deadline_clock, pool::cue_clock};

/// Anybody may die once. Who dies again before that is forgotten is not well.
constexpr std::size_t deaths_of_the_well = 1;

std::size_t key_of(pool which, std::size_t index) { return static_cast<std::size_t>(which) * 10'000 + index; }

std::string title_of(pool which, std::size_t index) {
  return std::string{name_of(which)} + "[" + std::to_string(index) + "]";
}

std::chrono::seconds whole_seconds(std::chrono::steady_clock::duration d) {
  return std::chrono::floor<std::chrono::seconds>(d);
}

const pool_member* member_behind(const caf::actor& born) {
  return dynamic_cast<const pool_member*>(caf::actor_cast<caf::abstract_actor*>(born));
}

} // namespace

supervisor::supervisor(caf::actor_config& config, directory& everybody, std::unordered_map<pool, member_maker> makers,
                       probe& probe, trouble_board& troubles, restart_policy policy, watch_limits limits,
                       std::function<void(std::string)> on_hopeless)
    : pool_member{config}, everybody_{everybody}, makers_{std::move(makers)}, probe_{probe}, troubles_{troubles},
      policy_{policy}, limits_{limits}, on_hopeless_{std::move(on_hopeless)} {}

caf::behavior supervisor::make_behavior() {
  set_down_handler([this](const caf::down_msg& down) { on_down(down); });
  for (const auto which : all_pools) // receivers before those who send to them
    for (std::size_t i = 0; i < everybody_.size(which); ++i)
      spawn_member(which, i);
  delayed_send(this, limits_.look_every, look_round_message{});
  return {
      [this](spawn_message m) { on_spawn(m); },
      [this](const watch_tenant_message& m) { on_watch_tenant(m); },
      [this](look_round_message) { on_look_round(); },
      [this](shut_down_message) { on_shut_down(); },
      [](caf::get_atom) { return true; },
  };
}

// -- life and death -----------------------------------------------------------

void supervisor::spawn_member(pool which, std::size_t index) {
  auto born = makers_.at(which)(*this, index);
  monitor(born);
  member m{which, index, {}, {}, {}, {}};
  if (auto rested = resting_.extract(key_of(which, index)))
    m = std::move(rested.mapped());
  m.self = born;
  const auto* const self = member_behind(born);
  m.sign = self ? self->sign() : std::make_shared<const vital_sign>();
  m.who_waits = self ? self->who_waits() : std::make_shared<waiters>();
  members_.emplace(born.id(), std::move(m));
  everybody_.place(which, index, born);
}

void supervisor::on_down(const caf::down_msg& down) {
  const auto id = down.source.id();
  if (auto tenant = tenants_.extract(id)) {
    everybody_.forget_tenant(tenant.mapped(), id);
    return;
  }
  if (auto back = stuck_.extract(id)) {
    spdlog::warn("{} came back after {} s; its place is somebody else's",
                 title_of(back.mapped().which, back.mapped().index),
                 whole_seconds(clock().now() - back.mapped().since).count());
    return tell_troubles(clock().now());
  }
  if (auto dead = members_.extract(id); dead && !shutting_down_)
    replace(std::move(dead.mapped()), "died of " + system().render(down.reason));
}

void supervisor::replace(member dead, const std::string& why) {
  everybody_.place(dead.which, dead.index, {});
  probe_.restarted(name_of(dead.which));
  const auto now = clock().now();
  dead.self = {};
  dead.sign = {};
  dead.who_waits = {};
  dead.deaths.push_back(now);
  forget_old_deaths(dead, now);
  const auto which = dead.which;
  const auto index = dead.index;
  const auto deaths = dead.deaths.size();
  resting_.insert_or_assign(key_of(which, index), std::move(dead));
  tell_troubles(now);
  if (deaths > policy_.deaths_at_most)
    return give_up(title_of(which, index) + " died " + std::to_string(deaths) + " times within " +
                   std::to_string(policy_.deaths_within.count()) + " s; the last time it " + why);
  auto pause = policy_.first_pause;
  for (std::size_t i = 1; i < deaths && pause < policy_.longest_pause; ++i)
    pause *= 2;
  pause = std::min(pause, policy_.longest_pause);
  spdlog::error("{} {}; spawning it again in {} ms", title_of(which, index), why, pause.count());
  delayed_send(this, pause, spawn_message{which, index});
}

void supervisor::give_up(const std::string& why) {
  spdlog::critical("{}", why);
  if (on_hopeless_)
    std::exchange(on_hopeless_, nullptr)(why);
}

void supervisor::on_spawn(spawn_message message) {
  if (!shutting_down_)
    spawn_member(message.which, message.index);
}

void supervisor::on_watch_tenant(const watch_tenant_message& message) {
  tenants_.emplace(message.tenant.id(), message.user_id);
  probe_.tenants(tenants_.size());
  monitor(message.tenant);
}

void supervisor::on_shut_down() {
  shutting_down_ = true;
  for (const auto which : all_pools)
    for (std::size_t i = 0; i < everybody_.size(which); ++i) {
      if (auto living = everybody_.member(which, i))
        send_exit(living, caf::exit_reason::user_shutdown);
      everybody_.place(which, i, {});
    }
  quit();
}

// -- who is not well -------------------------------------------------------------

void supervisor::on_look_round() {
  if (shutting_down_)
    return;
  const auto now = clock().now();
  for (auto& [id, m] : members_)
    forget_old_deaths(m, now);
  give_away_places_of_the_stuck(now);
  for (const auto& [id, s] : stuck_)
    if (now - s.since >= limits_.hopeless_after && on_hopeless_)
      give_up(title_of(s.which, s.index) + " has not come back from its work for " +
              std::to_string(whole_seconds(now - s.since).count()) +
              " s; its thread cannot be ended, so the process has to");
  tell_troubles(now);
  delayed_send(this, limits_.look_every, look_round_message{});
}

/// Who waits in it is let go now. Its mailbox dies with it once it comes back, so all it has to do then is to finish
/// what it is at.
void supervisor::give_away_places_of_the_stuck(time_point now) {
  std::vector<std::pair<caf::actor_id, time_point>> found;
  for (const auto& [id, m] : members_)
    if (const auto since = m.sign->busy_since(); since && now - *since >= limits_.stuck_after)
      found.emplace_back(id, *since);
  for (const auto& [id, since] : found) {
    auto lost = std::move(members_.extract(id).mapped());
    stuck_.emplace(id, stuck_member{lost.which, lost.index, since});
    send_exit(lost.self, caf::exit_reason::user_shutdown);
    lost.who_waits->let_go();
    replace(std::move(lost), "has not come back from its work for " +
                                 std::to_string(whole_seconds(now - since).count()) +
                                 " s, and its place is given away");
  }
}

void supervisor::forget_old_deaths(member& m, time_point now) const {
  while (!m.deaths.empty() && m.deaths.front() < now - policy_.deaths_within)
    m.deaths.pop_front();
}

void supervisor::tell_troubles(time_point now) {
  std::vector<member_trouble> troubles;
  const auto look_at = [&](const member& m) {
    if (m.deaths.size() > deaths_of_the_well)
      troubles.push_back({title_of(m.which, m.index), member_trouble::state::restarting, m.deaths.size(), {}});
  };
  for (const auto& [id, m] : members_)
    look_at(m);
  for (const auto& [key, m] : resting_)
    look_at(m);
  const auto restarting = troubles.size();
  for (const auto& [id, s] : stuck_)
    troubles.push_back({title_of(s.which, s.index), member_trouble::state::stuck, 0, whole_seconds(now - s.since)});
  probe_.not_well(restarting, stuck_.size());
  std::ranges::sort(troubles, {}, [](const member_trouble& t) { return std::pair{t.member, t.what}; });
  troubles_.write(std::move(troubles));
}

} // namespace cued::actors
