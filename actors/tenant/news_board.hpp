#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "actors/reply.hpp"

namespace cued::actors {

/// Requests that wait until there may be something new to claim. News are numbered; whoever waits names the number he
/// has already looked at, so that news between his look and his question are not lost. The board says nothing about
/// what is new: who is told looks for himself, with filters that only he knows.
/// Isolated news are told at once, a stream of them at most every `pause`, so that listeners with a narrow filter do
/// not ask the database for each execution that is none of theirs.
/// Owned by a tenant actor. Never: waits, or knows what time it is.
class news_board {
public:
  using clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds pause{50};

  /// Numbers begin at `first`, which must be greater than all numbers of boards before this one.
  explicit news_board(std::uint64_t first) : number_{first} {}

  /// Without a number: it is told at once. A number that is not the newest: told as soon as `pause` allows.
  void listen(std::optional<std::uint64_t> seen, clock::time_point until, reply<std::uint64_t> answer);

  void post() { ++number_; } ///< something may be claimable that was not

  /// Answers those for whom there is news and those whose time is up, with the newest number.
  void tell(clock::time_point now);
  /// Answers everybody, as if all their time were up.
  void close();

  [[nodiscard]] bool empty() const { return listeners_.empty(); }
  [[nodiscard]] std::size_t size() const { return listeners_.size(); }
  /// When tell() has something to do next, if nothing is posted before.
  [[nodiscard]] clock::time_point due() const;

private:
  struct listener {
    std::uint64_t seen;
    clock::time_point until;
    reply<std::uint64_t> answer;
  };

  std::vector<listener> listeners_;
  std::uint64_t number_;
  clock::time_point next_telling_{};
};

} // namespace cued::actors
