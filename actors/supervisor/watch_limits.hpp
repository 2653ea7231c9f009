#pragma once

#include <chrono>

#include "persistence/postgres/connection.hpp"

namespace cued::actors {

/// The longest that one statement may take in Postgres, which gives it up by itself.
[[nodiscard]] inline std::chrono::seconds statement_limit() {
  return std::chrono::seconds{persistence::connection_options{}.statement_timeout_seconds};
}

/// How long a member may be at one statement before it counts as stuck. Postgres, libpq and the kernel have limits of
/// their own (persistence/postgres/connection.hpp); these are for what none of them sees, such as a Postgres that was
/// stopped by a signal, whose socket stays open.
struct watch_limits {
  std::chrono::milliseconds look_every{1'000};
  /// Then it is named, somebody else takes its place, and /health says so. That it may have been honest costs nothing:
  /// what it still does is as if another node did it.
  std::chrono::milliseconds stuck_after = 2 * statement_limit();
  /// Then the process ends: a thread cannot be ended, and each that is stuck holds a connection.
  std::chrono::milliseconds hopeless_after = 10 * statement_limit();
  /// How long the end of the engine waits for those who are still at work; then the process ends without them.
  std::chrono::milliseconds farewell = statement_limit();
};

} // namespace cued::actors
