#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "domain/instant.hpp"
#include "domain/principal.hpp"

namespace cued::http {

/// What a look-up of a caller found.
struct known_caller {
  std::shared_ptr<const principal> who; ///< null: nobody
  bool rotated = false;                 ///< nobody, because the key was replaced within the last 24 hours
  bool approaching_limit = false;       ///< has used 80 % of the month's executions (spec/http.md §6.3)
  std::int64_t executions_of_month = 0; ///< as the database has them; only if there is a limit
};

/// Remembers for a moment who is behind a key or a session, and which keys are nobody's, so that a busy client costs
/// one look-up in `ttl` and a guesser's keys are not looked up again and again.
///
/// Nothing outlives its change: whoever changes an account in this process says so by forget_user, and what others
/// change comes by the same way from Postgres (persistence::change_listener). While that cannot be heard nothing is
/// remembered at all. Should both fail in the same moment, what was read is still good for no longer than `ttl`.
/// Thread: any. Bounded: when full, everything is forgotten.
class principal_cache {
public:
  struct limits {
    std::chrono::milliseconds ttl{2'000};
    std::size_t entries = 20'000;
  };

  principal_cache() : principal_cache{limits{}} {}
  explicit principal_cache(limits l) : limits_{l} {}

  struct lookup {
    std::optional<known_caller> found;
    bool refresh = false; ///< still good, but old: of all who ask, this one is to look it up again
  };

  /// `key`: the hash of an API key, or key_of_session().
  [[nodiscard]] lookup find(const std::string& key, instant now);

  /// The same if nobody has to look it up again.
  [[nodiscard]] std::optional<known_caller> find_fresh(const std::string& key, instant now);

  /// Taken before a look-up and handed to store(): what was read before a change is not kept after it
  /// (spec/auth.md §1.2, the second QUIRK).
  using ticket = std::uint64_t;
  [[nodiscard]] ticket begin() const;
  /// Whether what was read after `taken` is still so, as far as this process would have heard.
  [[nodiscard]] bool unchanged_since(ticket taken) const;
  /// `asked_at`: when the look-up began, for what it found may be as old as that. False: something has changed since.
  bool store(ticket taken, const std::string& key, known_caller found, instant asked_at);

  /// Also forgets which keys are nobody's: one of them may be his now. Returns the hashes of his keys that were known.
  std::vector<std::string> forget_user(const std::string& user_id);
  void forget_all();

  /// False: others' changes are not heard of, so that nothing may be remembered. Either way everything is forgotten.
  void changes_are_heard(bool heard);

  [[nodiscard]] static std::string key_of_session(const std::string& user_id) { return "session:" + user_id; }

private:
  struct entry {
    known_caller caller;
    instant good_until;
    instant refresh_from;
    bool being_refreshed = false;
  };

  limits limits_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, entry> entries_;
  // Changed under the lock; read without it, by every request.
  std::atomic<ticket> changes_ = 0;
  std::atomic<bool> heard_ = true;
};

} // namespace cued::http
