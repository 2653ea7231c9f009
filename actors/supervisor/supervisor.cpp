#include "actors/supervisor/supervisor.hpp"

#include <algorithm>

#include <caf/actor_system.hpp>
#include <spdlog/spdlog.h>

namespace cued::actors {
namespace {

constexpr std::array all_pools{pool::courier, pool::outcome,        pool::claim,
                               pool::deliver, pool::deadline_clock, pool::cue_clock};

std::size_t key_of(pool which, std::size_t index) { return static_cast<std::size_t>(which) * 10'000 + index; }

} // namespace

supervisor::supervisor(caf::actor_config& config, directory& everybody, std::unordered_map<pool, member_maker> makers,
                       probe& probe, restart_policy policy, std::function<void(std::string)> on_hopeless)
    : pool_member{config}, everybody_{everybody}, makers_{std::move(makers)}, probe_{probe}, policy_{policy},
      on_hopeless_{std::move(on_hopeless)} {}

caf::behavior supervisor::make_behavior() {
  set_down_handler([this](const caf::down_msg& down) { on_down(down); });
  for (const auto which : all_pools) // receivers before those who send to them
    for (std::size_t i = 0; i < everybody_.size(which); ++i)
      spawn_member(which, i);
  return {
      [this](spawn_message m) { on_spawn(m); },
      [this](const watch_tenant_message& m) { on_watch_tenant(m); },
      [this](shut_down_message) { on_shut_down(); },
      [](caf::get_atom) { return true; },
  };
}

void supervisor::spawn_member(pool which, std::size_t index) {
  auto born = makers_.at(which)(*this, index);
  monitor(born);
  member m{which, index, {}};
  if (auto rested = resting_.extract(key_of(which, index)))
    m = std::move(rested.mapped());
  members_.emplace(born.id(), std::move(m));
  everybody_.place(which, index, born);
}

void supervisor::on_down(const caf::down_msg& down) {
  const auto id = down.source.id();
  if (auto tenant = tenants_.extract(id)) {
    everybody_.forget_tenant(tenant.mapped(), id);
    return;
  }
  if (auto dead = members_.extract(id); dead && !shutting_down_)
    on_member_down(std::move(dead.mapped()), system().render(down.reason));
}

void supervisor::on_member_down(member dead, const std::string& why) {
  everybody_.place(dead.which, dead.index, {});
  probe_.restarted(name_of(dead.which));
  const auto now = clock().now();
  dead.deaths.push_back(now);
  while (dead.deaths.front() < now - policy_.deaths_within)
    dead.deaths.pop_front();
  if (dead.deaths.size() > policy_.deaths_at_most) {
    const auto text = std::string{name_of(dead.which)} + "[" + std::to_string(dead.index) + "] died " +
                      std::to_string(dead.deaths.size()) + " times within " +
                      std::to_string(policy_.deaths_within.count()) + " s, last of: " + why;
    spdlog::critical("{}", text);
    if (on_hopeless_)
      std::exchange(on_hopeless_, nullptr)(text);
    return;
  }
  auto pause = policy_.first_pause;
  for (std::size_t i = 1; i < dead.deaths.size() && pause < policy_.longest_pause; ++i)
    pause *= 2;
  pause = std::min(pause, policy_.longest_pause);
  spdlog::error("{}[{}] died of {}; spawning it again in {} ms", name_of(dead.which), dead.index, why, pause.count());
  const spawn_message again{dead.which, dead.index};
  resting_.insert_or_assign(key_of(dead.which, dead.index), std::move(dead));
  delayed_send(this, pause, again);
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

} // namespace cued::actors
