#pragma once

#include <string_view>

#include "actors/notify/notifier.hpp"
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

  explicit letters(notifier& post, persistence::shared_keys* shared = nullptr) : post_{post}, shared_{shared} {}

  /// Delivered means handed to the notifier, which sends in the background; dropped says why in last_error.
  [[nodiscard]] persistence::notice_result send(const persistence::started_notice& notice, instant now);

private:
  bool may_tell_of_failure(const std::string& user_id, instant now);

  notifier& post_;
  persistence::shared_keys* shared_; ///< may be null
  security::fixed_window failures_;
};

} // namespace cued::actors
