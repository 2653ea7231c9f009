#pragma once

#include <functional>
#include <string_view>

#include "actors/notify/notifier.hpp"
#include "domain/json/value.hpp"
#include "persistence/notice_store.hpp"
#include "persistence/redis/shared_keys.hpp"
#include "security/fixed_window.hpp"

namespace cued::actors {

/// Test cues, as monitors and test suites name theirs: nobody is written to about them. Source: spec/auth.md §7.
[[nodiscard]] bool is_test_cue(std::string_view name);

/// Turns mail notices into letters, within the owner's limit of 10 failures per hour. The count lives in Redis if there
/// is one, and else in this process: a restart forgives. Owned by the courier, its thread.
class letters {
public:
  static constexpr int failures_per_hour = 10;
  /// Receives how the attempt ended; called exactly once, on any thread, perhaps before send() returns.
  using over = std::function<void(persistence::notice_result)>;

  letters(notifier& post, const time_source& clock, persistence::shared_keys* shared = nullptr)
      : post_{post}, clock_{clock}, shared_{shared} {}

  /// Delivered means that the notifier has sent it; dropped says why in last_error. What the mail service did not take
  /// is tried again like any notice, without counting again.
  void send(const persistence::started_notice& notice, over done);

private:
  bool may_tell_of_failure(const std::string& user_id);
  void tell_of_failure(const persistence::started_notice& notice, const json::value& content, const over& done);
  void tell_of_silence(const persistence::started_notice& notice, const json::value& content, const over& done);
  [[nodiscard]] letter_done judged(const persistence::started_notice& notice, over done) const;

  notifier& post_;
  const time_source& clock_;
  persistence::shared_keys* shared_; ///< may be null
  security::fixed_window failures_;
};

} // namespace cued::actors
