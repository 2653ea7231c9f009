#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "domain/instant.hpp"
#include "security/rate_limiter.hpp"

namespace cued::security {

/// The fixed windows of this process: the first call for a key begins its window, which lets `limit` calls through.
/// For the few routes that strangers may call only a few times (spec/http.md §6.4), hence one lock.
///
/// Memory is bounded: a window is dropped when it has ended, and beyond `keys_max` the one that ends next. Callers
/// hash what users send before it becomes part of a key. Any thread.
class fixed_window {
public:
  static constexpr std::size_t keys_max = 65'536;

  [[nodiscard]] counter_decision count(std::string_view key, int limit, std::chrono::seconds window, instant now);

  /// Windows held at present.
  [[nodiscard]] std::size_t key_count() const;

private:
  using ending_order = std::multimap<instant, std::string>;
  struct counter {
    int calls = 0;
    ending_order::iterator ends; ///< its place in ends_, which holds the key
  };

  void drop_ended(instant now);
  void drop_first();

  mutable std::mutex mutex_;
  std::unordered_map<std::string_view, counter> counters_; ///< names live in ends_
  ending_order ends_;
};

} // namespace cued::security
