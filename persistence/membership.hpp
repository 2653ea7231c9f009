#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "persistence/node_seat.hpp"
#include "persistence/node_store.hpp"

namespace cued::persistence {

/// Who has been silent for too long, counted in one's own looks. A number of looks and no stretch of time, so that a
/// node that stood still itself, or found no database, does not take the others for dead when it goes on.
class silence_watch {
public:
  explicit silence_watch(int looks) : looks_{looks} {}

  /// `others` as they are now: the ones that have not renewed for as many looks in a row.
  [[nodiscard]] std::vector<node_row> silent_among(const std::vector<node_row>& others);

private:
  struct sight {
    std::int64_t renewals = 0;
    int unchanged = 0;
  };
  int looks_;
  std::map<std::int64_t, sight> seen_;
};

struct membership_settings {
  std::string name;        ///< NODE_NAME
  int lease_seconds = 10;  ///< NODE_LEASE_SECONDS
  bool resting = false;    ///< DISABLE_CUE_PRIMITIVE: it fires no cues
  bool sole_owner = false; ///< the database is this node's alone: rows of others are left behind
  std::function<void(std::size_t living)> on_look = {}; ///< after each look; by the membership's thread
  std::function<void()> on_fenced = {};                 ///< this node had been taken for dead
};

/// This node's life among the others on one database: joins, gives a sign of life every second, sees who lives, and
/// removes who has been silent for as long as the lease. What a removed node had in hand is found by its epoch
/// (deadline_store); a node that was removed although it lives (it stood still, or could not reach the database) begins
/// a new life under a new epoch, and what it does under the old one changes nothing.
/// Owns: a thread, the store's connection. Never: does the work of a clock.
class membership {
public:
  /// Joins at once; an error if the database does not let it.
  [[nodiscard]] static result<std::unique_ptr<membership>> join(std::unique_ptr<node_store> store,
                                                                membership_settings chosen);
  ~membership(); ///< leaves if that was not done before
  membership(const membership&) = delete;
  membership& operator=(const membership&) = delete;

  [[nodiscard]] const node_seat& seat() const { return seat_; }

  /// From now on a look is taken every second, by a thread of its own.
  void begin();

  /// One sign of life and one look at the others.
  void look();

  /// This node stops: the others take its cues as soon as the next look, which is now, has told them. Does not wait.
  void rest();

  /// Ends the looks and removes this node: all it had begun is done, or is for others.
  void leave();

private:
  membership(std::unique_ptr<node_store> store, membership_settings chosen);

  void serve();
  [[nodiscard]] result<void> join_anew(bool alone);
  void publish(const std::vector<node_row>& nodes);
  void remove_silent(std::vector<node_row>& nodes);

  membership_settings settings_;
  node_seat seat_;
  std::mutex looking_; ///< guards the store and what was seen
  std::unique_ptr<node_store> store_;
  silence_watch watch_;
  bool left_ = true;     ///< or not there yet
  bool reached_ = false; ///< the database, by the last look
  std::mutex mutex_;
  std::condition_variable woken_;
  bool ending_ = false;
  bool look_now_ = false;
  std::atomic<bool> resting_;
  std::thread thread_;
};

} // namespace cued::persistence
