#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "domain/instant.hpp"

namespace cued::persistence {
class shared_keys;
}

namespace cued::http {

struct message_question;

/// Answers of the authorization hook, for as long as it allows. A decision is kept for two users and a kind, as in the
/// reference, whose key it shares: a hook that looks at agents or idempotency keys answers `"cache_ttl": 0`.
/// Any thread. Source: spec/auth.md §6, spec/redis.md §2.
class decision_cache {
public:
  virtual ~decision_cache() = default;

  /// `done` is called exactly once, perhaps before this returns; nothing: not known.
  virtual void find(const message_question& question, std::function<void(std::optional<bool>)> done) = 0;
  virtual void keep(const message_question& question, bool allowed, std::chrono::seconds keep_for) = 0;
};

/// In this process. Full of entries that have not expired, it keeps no more.
class local_decision_cache final : public decision_cache {
public:
  static constexpr std::size_t entries_at_most = 10'000;

  explicit local_decision_cache(const time_source& clock) : clock_{clock} {}

  void find(const message_question& question, std::function<void(std::optional<bool>)> done) override;
  void keep(const message_question& question, bool allowed, std::chrono::seconds keep_for) override;

private:
  struct entry {
    bool allowed = false;
    instant expires_at;
  };

  const time_source& clock_;
  std::mutex mutex_;
  std::unordered_map<std::string, entry> entries_;
};

/// In Redis, for all nodes. While Redis is away nothing is known and nothing kept.
class shared_decision_cache final : public decision_cache {
public:
  explicit shared_decision_cache(persistence::shared_keys& keys) : keys_{keys} {}

  void find(const message_question& question, std::function<void(std::optional<bool>)> done) override;
  void keep(const message_question& question, bool allowed, std::chrono::seconds keep_for) override;

private:
  persistence::shared_keys& keys_;
};

} // namespace cued::http
