#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/directory.hpp"
#include "actors/pool_member.hpp"
#include "actors/probe.hpp"
#include "actors/supervisor/member_trouble.hpp"
#include "actors/supervisor/restart_policy.hpp"
#include "actors/supervisor/watch_limits.hpp"

namespace cued::actors {

/// Brings a pool member into being.
using member_maker = std::function<caf::actor(caf::event_based_actor& supervisor, std::size_t index)>;

struct spawn_message { ///< the supervisor to itself: the pause is over
  pool which{};
  std::size_t index = 0;
};
struct watch_tenant_message {
  std::string user_id;
  caf::actor tenant;
};
struct look_round_message {}; ///< the supervisor to itself: who is not well?
/// Ends all pool members, in this order: what feeds others goes first.
struct shut_down_message {};

/// Owns the pools and watches everybody. A member that dies (a broken invariant throws) is spawned again with backoff;
/// what was pending on it has been answered with 503 by then, because its replies died with it. So is one that does not
/// come back from its work: its place is given away, whoever waits there is answered, and it has to go when it comes
/// back. A member that keeps dying, or never comes back, is not hidden: /health tells its name, and in the end
/// `on_hopeless` is called once, and main ends the process with a clear last line.
/// Thread: cooperative. Owns: the members' life. Never: handles work.
class supervisor final : public pool_member {
public:
  supervisor(caf::actor_config& config, directory& everybody, std::unordered_map<pool, member_maker> makers,
             probe& probe, trouble_board& troubles, restart_policy policy, watch_limits limits,
             std::function<void(std::string)> on_hopeless);

  caf::behavior make_behavior() override;
  const char* name() const override { return "supervisor"; }

private:
  using time_point = vital_sign::time_point;

  struct member {
    pool which{};
    std::size_t index = 0;
    std::deque<time_point> deaths; ///< recent ones
    caf::actor self;               ///< null while it rests
    std::shared_ptr<const vital_sign> sign;
    std::shared_ptr<waiters> who_waits;
  };
  struct stuck_member {
    pool which{};
    std::size_t index = 0;
    time_point since;
  };

  // -- messages -----------------------------------------------------------
  void on_down(const caf::down_msg& down);
  void on_spawn(spawn_message message);
  void on_watch_tenant(const watch_tenant_message& message);
  void on_look_round();
  void on_shut_down();

  void spawn_member(pool which, std::size_t index);
  void replace(member dead, const std::string& why);
  void give_away_places_of_the_stuck(time_point now);
  void give_up(const std::string& why);
  void forget_old_deaths(member& m, time_point now) const;
  void tell_troubles(time_point now);

  // -- state ----------------------------------------------------------------
  directory& everybody_;
  std::unordered_map<pool, member_maker> makers_;
  probe& probe_;
  trouble_board& troubles_;
  restart_policy policy_;
  watch_limits limits_;
  std::function<void(std::string)> on_hopeless_;
  std::unordered_map<caf::actor_id, member> members_;
  std::unordered_map<std::size_t, member> resting_;       ///< by pool and index: dead, about to be spawned again
  std::unordered_map<caf::actor_id, stuck_member> stuck_; ///< somebody else has their places
  std::unordered_map<caf::actor_id, std::string> tenants_;
  bool shutting_down_ = false;
};

} // namespace cued::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cued::actors::spawn_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cued::actors::watch_tenant_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cued::actors::look_round_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cued::actors::shut_down_message)
