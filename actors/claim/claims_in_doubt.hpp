#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "persistence/claim_store.hpp"

namespace cued::actors {

/// Claims of one shard that may be in the database, though whoever asked for them was told that they have failed, or
/// was told nothing: a commit in doubt, an actor that died between the commit and the answer, a client that has gone.
/// They are to be given back, else they would stay their worker's for as long as it shows life. What a member writes
/// here its successor finds.
/// A commit that fell into doubt may still be on its way when it is looked for, so what was not found is looked for
/// again until no statement of that time can be running any more.
/// Thread: any. Bounded: beyond `kept_at_most` newer ones are left to their leases.
class claims_in_doubt {
public:
  using time_point = std::chrono::steady_clock::time_point;
  struct entry {
    std::uint64_t number = 0;
    persistence::held_claim claim;
  };

  static constexpr std::size_t kept_at_most = 20'000;
  static constexpr std::chrono::milliseconds pause_after_failure{250};
  static constexpr std::chrono::seconds pause_between_looks{5};
  static constexpr std::chrono::seconds in_doubt_for{60}; ///< longer than a statement may take

  void add(std::vector<persistence::held_claim> claims); ///< to be looked for at once

  /// Up to so many that are to be looked for now.
  [[nodiscard]] std::vector<entry> due(time_point now, std::size_t at_most) const;
  /// The look has failed, for all: nothing is due for a while.
  void put_off(time_point now);
  /// They cannot be looked for: left to their leases.
  void let_go(const std::vector<entry>& looked_for);
  /// The look at them was answered; of each, whether it was given back.
  void settle(const std::vector<entry>& looked_for, const std::vector<std::optional<instant>>& given_back,
              time_point now);

  /// When the next look is due; nothing if there is nothing in doubt.
  [[nodiscard]] std::optional<time_point> next_look() const;

private:
  struct kept {
    persistence::held_claim claim;
    time_point next_look{};
    std::optional<time_point> until = {}; ///< from the first look that was answered
  };

  mutable std::mutex mutex_;
  std::map<std::uint64_t, kept> kept_; ///< by number
  std::uint64_t last_ = 0;
  time_point paused_until_{};
};

} // namespace cued::actors
