#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "domain/instant.hpp"
#include "persistence/redis/redis_client.hpp"

namespace cued::persistence {

/// The keys that cued shares with monitors, other nodes and the reference, under its names, values and lifetimes.
/// Postgres is the truth of all of them; what cannot be written is left out. Without REDIS_URL there is no object of
/// this class. Any thread; nothing here blocks, with the one exception that is named.
/// Source: spec/redis.md §2, §3.
class shared_keys {
public:
  struct lifetimes {
    std::chrono::seconds heartbeat{120};
    std::chrono::seconds leader{30};
  };

  shared_keys(redis_client& redis, std::string node_name, lifetimes keep)
      : redis_{redis}, node_name_{std::move(node_name)}, keep_{keep} {}

  // -- the clock: poller:last_run, poller:cues_processed, poller:cycle_duration_ms, poller:leader ---------------

  void write_heartbeat(instant last_run, std::size_t cues_processed, std::chrono::milliseconds cycle_duration);

  /// As the keys say it, whoever wrote them.
  struct heartbeat {
    std::optional<std::string> last_run_text;
    std::optional<instant> last_run; ///< none: no key, or not a time
    std::optional<std::int64_t> cues_processed, cycle_duration_ms;
  };
  /// An error means that Redis is not there.
  void read_heartbeat(std::function<void(result<heartbeat>)> done);

  // -- the month's executions: usage:<user>:<month>, month being `YYYY-MM-01` ------------------------------------

  void usage_counted(const std::string& user_id, const std::string& month, std::int64_t executions);
  /// Read from the database because the key was missing; does not overwrite what was counted meanwhile.
  void usage_loaded(const std::string& user_id, const std::string& month, std::int64_t executions);
  /// Nothing: no key, not a number, or no Redis.
  void read_usage(const std::string& user_id, const std::string& month,
                  std::function<void(std::optional<std::int64_t>)> done);

  /// grace:<user>, until the month ends.
  void grace_started(const std::string& user_id, instant since);

  // -- letters: failure_email:<user>, worker_alert:<user>:<worker> ------------------------------------------------

  /// How many letters about failures the user has had within the hour, with this one. Nothing: no Redis. Blocks for
  /// some seconds at most.
  [[nodiscard]] std::optional<std::int64_t> count_failure_letter(const std::string& user_id);
  void worker_told_offline(const std::string& user_id, const std::string& worker_id);

  // -- what was sent to /v1/echo: echo:<token>, a JSON object ------------------------------------------------------

  /// `done(false)`: Redis does not have it.
  void leave_echo(const std::string& token, std::string note_json, std::chrono::seconds keep,
                  std::function<void(bool)> done);
  /// Nothing: no such key, or no Redis.
  void read_echo(const std::string& token, std::function<void(std::optional<std::string>)> done);

  // -- answers of the authorization hook: authz:<sender user>:<recipient user>:<kind> ------------------------------

  void authorization_decided(const std::string& sender_recipient_kind, bool allowed, std::chrono::seconds keep);
  /// Nothing: no key, neither `1` nor `0`, or no Redis.
  void read_authorization(const std::string& sender_recipient_kind, std::function<void(std::optional<bool>)> done);

private:
  redis_client& redis_;
  std::string node_name_;
  lifetimes keep_;
};

} // namespace cued::persistence
