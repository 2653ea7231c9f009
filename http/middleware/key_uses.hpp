#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <unordered_map>

#include "domain/instant.hpp"
#include "http/services.hpp"

namespace cued::http {

/// Writes down when a named key was last used, at most once a minute for each key, on a thread of the database pool:
/// no request waits for it, and one that is lost (the pool is full, the database away) is made up for by the next.
/// Thread: any I/O thread. Bounded: when full, everything is forgotten, which costs a few writes more.
class key_uses {
public:
  static constexpr std::size_t keys_at_most = 10'000;

  /// `key_id` empty: no named key was used.
  void note(services& with, const std::string& key_id);

private:
  [[nodiscard]] bool is_due(const std::string& key_id, instant now);

  std::mutex mutex_;
  std::unordered_map<std::string, instant> written_at_;
};

} // namespace cued::http
