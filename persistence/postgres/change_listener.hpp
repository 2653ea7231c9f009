#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "persistence/postgres/connection.hpp"
#include "persistence/postgres/listening_link.hpp"

namespace cued::persistence {

/// What a node is told of changed accounts. Called by the listener's thread; must neither block nor throw.
struct change_events {
  /// True: from now on every change is told; what was believed before is worth nothing. False: no longer.
  std::function<void(bool)> hearing;
  std::function<void(const std::string& user_id)> user_changed;
  std::function<void()> everything_changed;
};

struct change_listener_settings {
  std::chrono::milliseconds check_every{5'000}; ///< that notifications arrive, and that the triggers are in place
  std::chrono::milliseconds first_pause{100};   ///< before it connects again
  std::chrono::milliseconds longest_pause{5'000};
};

/// Hears which accounts and keys have changed, whoever changed them: triggers (migration 0007) notify the channel
/// `cued_callers` with the transaction that does it. This is how a key that was revoked on one node, or with psql, is
/// dead on all.
///
/// It never claims to hear when it does not: it hears only after a notification of its own has come round (a pooler in
/// between may swallow them), and checks that, and the triggers, every few seconds. While it hears it holds a shared
/// advisory lock, so that every listening node can be counted.
/// Owns: a thread, a connection. Never: reads or keeps anything of an account.
class change_listener {
public:
  change_listener(connection_options where, change_events events, change_listener_settings chosen = {});
  ~change_listener();
  change_listener(const change_listener&) = delete;
  change_listener& operator=(const change_listener&) = delete;

  /// `done(true)` as soon as every node that listens, this one included, has acted on all that was committed before
  /// this call; `done(false)` if that is not known after `patience`. Any thread; `done` is called once, by the
  /// listener's thread, or at the destruction.
  void when_heard_everywhere(std::chrono::milliseconds patience, std::function<void(bool)> done);

private:
  using steady = std::chrono::steady_clock;

  /// Somebody waits until all have heard.
  struct question {
    steady::time_point until;
    std::function<void(bool)> done;
    std::uint64_t number = 0;         ///< 0: not asked yet on this connection
    std::set<std::string> owing = {}; ///< listeners who have not said that they heard
  };

  void serve();
  void wait() const;
  [[nodiscard]] result<void> connect();
  [[nodiscard]] result<void> turn();
  [[nodiscard]] result<void> hear();
  [[nodiscard]] result<void> act_on(const std::vector<listening_link::notice>& heard);
  void forget(const std::set<std::string>& changed) const;
  [[nodiscard]] result<void> answer_asker(const std::string& asker_and_number);
  void told_heard(const std::string& payload);
  [[nodiscard]] result<void> ask_open_questions();
  [[nodiscard]] result<void> check_if_due();
  void end_overdue_questions();
  void lose(const std::string& why);
  void say_hearing(bool hears);

  connection_options where_;
  change_events events_;
  change_listener_settings settings_;
  int wake_; ///< eventfd

  std::mutex mutex_;
  std::vector<question> arrived_; ///< by any thread
  bool closing_ = false;

  // The rest is the thread's.
  std::optional<listening_link> link_;
  bool hearing_ = false;
  bool told_of_outage_ = false;
  std::chrono::milliseconds pause_;
  steady::time_point next_check_{};
  std::string proof_awaited_; ///< what we told ourselves and have not heard yet
  std::uint64_t numbers_ = 0;
  std::vector<question> open_;
  std::thread thread_;
};

} // namespace cued::persistence
