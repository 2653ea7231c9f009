#pragma once

#include <functional>

namespace caf {
class actor_system;
}

namespace cued::actors {

/// What an engine runs on if it must not have threads: whoever owns this runs the engine's actors on his own thread,
/// one message at a time, in the order and at the time that he chooses. A run can then be repeated exactly, which is
/// what tests/deterministic does. The system's scheduler is CAF's `test_coordinator`, its clock a `test_actor_clock`.
/// Thread: one.
class stepwise_runtime {
public:
  virtual ~stepwise_runtime() = default;

  /// Called once, before the system has any actor of the engine.
  virtual void adopt(caf::actor_system& system) = 0;

  /// The engine has to wait: runs actors until `done` holds. False: it will not hold.
  virtual bool run_until(const std::function<bool()>& done) = 0;
};

} // namespace cued::actors
