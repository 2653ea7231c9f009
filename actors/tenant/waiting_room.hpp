#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

#include "actors/messages.hpp"

namespace cued::actors {

/// Claims of "the next" that have nothing to claim yet, in the order in which they came. A claim is told that there is
/// nothing only when its time is up and a look at the store that began after it came has found nothing.
/// Owned by a tenant actor. Never: waits, or knows what time it is.
class waiting_room {
public:
  using clock = std::chrono::steady_clock;

  struct guest {
    claim_next_message message;
    clock::time_point until;       ///< patience; past: wants an answer as soon as the store was looked at
    std::uint64_t looks_begun = 0; ///< by the tenant, when it came
  };

  void enter(guest one) { guests_.push_back(std::move(one)); }
  /// What it was given had gone to somebody else: it keeps its place.
  void enter_again(guest one) { guests_.push_front(std::move(one)); }

  /// The one that waits longest and whose client is still there.
  [[nodiscard]] std::optional<guest> next();

  /// Answers those who have no patience left and whom look number `look` (or an earlier one) can speak for.
  void send_away(std::uint64_t look, clock::time_point now);
  /// Answers all whom the look can speak for, however patient.
  void tell_failure(std::uint64_t look, const error& why);
  /// Answers those who hoped for something to come: the server stops. Who only wanted to know stays.
  void close(clock::time_point now);

  /// All of them, unanswered.
  std::deque<guest> leave() { return std::exchange(guests_, {}); }
  [[nodiscard]] bool empty() const { return guests_.empty(); }
  [[nodiscard]] std::size_t size() const { return guests_.size(); }
  /// When the first patience ends, of those who have any.
  [[nodiscard]] clock::time_point due(clock::time_point now) const;

private:
  std::deque<guest> guests_;
};

[[nodiscard]] error nothing_to_claim();
[[nodiscard]] error server_stops();

} // namespace cued::actors
