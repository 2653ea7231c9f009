#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <unordered_map>

#include "domain/instant.hpp"

namespace cued::persistence {

/// How far back looks for what a tenant's workers may claim have to go. While anybody holds a snapshot of the database,
/// each look walks past everything that was claimed and finished since, and a look at all of it takes longer and
/// longer. Once that is so, most looks begin where the last whole one found the oldest, and whole ones take no more
/// than a twentieth of the time. What becomes claimable again before that place is then noticed a moment later, unless
/// this process hears of it. A hint, and bounded. Used by one thread.
class ready_looks {
public:
  using clock = std::chrono::steady_clock;

  /// Where to begin; nothing: look at all.
  [[nodiscard]] std::optional<instant> begin(const std::string& user_id, clock::time_point now) const;

  /// A look at all has ended. `oldest`: that it found, if it found any; `seen_at`: what it was asked for was due by
  /// then.
  void ended(const std::string& user_id, clock::time_point began, clock::time_point ended,
             const std::optional<instant>& oldest, instant seen_at);

private:
  struct looked {
    instant from{};
    clock::time_point whole_again_at{};
    int slow_in_a_row = 0;
  };

  std::unordered_map<std::string, looked> last_;
};

} // namespace cued::persistence
