#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "domain/instant.hpp"
#include "security/rate_limiter.hpp"

namespace cued::security {

/// What is told of a request that passed, wherever it is counted: it is the `used`th of its window.
[[nodiscard]] rate_decision passed_decision(int limit, int used, instant now);

/// What is told of a refused one; `oldest` is the request whose leaving makes room.
[[nodiscard]] rate_decision refused_decision(int limit, instant oldest, instant now);

/// The sliding windows of this process: of each key never more than `limit` requests pass in any 60 s. A log of the
/// instants at which requests passed, so the count is exact; a refused request leaves no trace and prolongs nothing.
///
/// Memory is bounded: per key by its limit, in all by the number of keys. A key that is idle for a window is dropped;
/// beyond the bound the one that has been idle longest goes. Keys are spread over shards by hash, each under its own
/// lock, which is held for the arithmetic only. Any thread. Source: spec/http.md §6.2.
class rate_window {
public:
  static constexpr std::chrono::seconds length{60};
  static constexpr std::size_t shard_count = 16;
  static constexpr std::size_t keys_per_shard_max = 8192;

  /// Counts the request if it may pass. A limit below 1 refuses all.
  [[nodiscard]] rate_decision admit(std::string_view key, int limit, instant now);

  /// How many passed in the window that ends now.
  [[nodiscard]] int count(std::string_view key, instant now);

  /// Keys held at present.
  [[nodiscard]] std::size_t key_count() const;

private:
  /// The instants at which a key's requests passed, oldest first; the first `gone` of them have left the window.
  struct log {
    std::string key;
    std::vector<instant> passed;
    std::size_t gone = 0;

    void leave_window(instant now);
    [[nodiscard]] int size() const { return static_cast<int>(passed.size() - gone); }
  };
  struct shard {
    mutable std::mutex mutex;
    std::list<log> logs;                                                   ///< the longest idle first
    std::unordered_map<std::string_view, std::list<log>::iterator> by_key; ///< names live in the logs

    log* find(std::string_view key);
    log& find_or_add(std::string_view key, instant now);
    void drop_idle(instant now);
    void drop_first();
  };

  shard& shard_of(std::string_view key) { return shards_[std::hash<std::string_view>{}(key) % shard_count]; }

  std::array<shard, shard_count> shards_;
};

} // namespace cued::security
