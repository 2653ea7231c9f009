#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "persistence/node_seat.hpp"
#include "persistence/postgres/connection.hpp"
#include "persistence/worthwhile_try.hpp"

namespace cued::persistence {

/// An execution that its webhook endpoint should hear of now.
struct due_delivery {
  std::string execution_id;
  std::string user_id;
  bool backfilled = false; ///< may stand behind what is on time
};

/// An execution that had to wait for an older one of its cue, which has ended.
struct released_execution {
  std::string execution_id, user_id;
  bool webhook = false; ///< else a worker has to claim it
  instant scheduled_for;
  bool backfilled = false;
};

/// An execution taken for delivery (now `delivering`), with all that its request needs: the cue and the secret as they
/// are at this moment. JSON members are JSON text.
struct started_delivery {
  std::string execution_id, user_id, cue_id, cue_name;
  instant scheduled_for;
  bool backfilled = false;
  int attempt = 1; ///< the attempt about to be made, 1-based
  std::string url, method, headers_json, payload_json;
  int retry_max_attempts = 3;
  std::string retry_backoff_json;
  std::string retry_backoff_seconds_json = {}; ///< empty: the minutes count
  int retry_jitter_percent = 0;
  std::string webhook_secret;
  std::string previous_webhook_secret = {}; ///< signs too until its overlap ends; empty: there is none
  std::optional<instant> grace_begun_at{};  ///< its user's day of grace began with this very batch
};

/// What the deliver actors ask of the store. Source: spec/delivery.md §6.
class delivery_store {
public:
  virtual ~delivery_store() = default;

  /// Takes those of the executions that still wait for delivery (pending or retry_ready, webhook transport), and marks
  /// their outbox rows dispatched in the same commit, so that nobody sends them twice. The others are left out, and so
  /// are those that their cue's overlap policy makes wait for an older execution.
  /// So are scheduled ones of a user who is over the monthly limit and past the day of grace: they fail here, and the
  /// user is told once a month (spec/alerts-usage.md §6).
  /// A node that was removed from the others (persistence/membership.hpp) takes nothing: 503 until it has joined anew.
  /// After an error 503 it is not known whether they were taken; asked for again, they are taken once.
  /// `at`: the present, and no two calls of one store have the same, for a call is known by it.
  virtual result<std::vector<started_delivery>> start(const std::vector<std::string>& execution_ids, instant at) = 0;
};

class postgres_delivery_store final : public delivery_store {
public:
  enum class monthly_limit { enforced, ignored }; ///< ignored: DISABLE_QUOTA_ENFORCEMENT

  /// `seat`: what is taken is noted under its epoch, and nothing is taken unless that is in cued.nodes. Null: whoever
  /// has the database may take.
  explicit postgres_delivery_store(connection_options options, monthly_limit limit = monthly_limit::enforced,
                                   const node_seat* seat = nullptr);

  [[nodiscard]] static std::vector<named_query> statements(); ///< for whoever looks at their plans

  result<std::vector<started_delivery>> start(const std::vector<std::string>& execution_ids, instant at) override;

private:
  /// `asked`: set to true as soon as a statement may have reached the database.
  result<std::vector<started_delivery>> start_all(std::vector<std::string> ids, instant at, bool& asked);
  result<std::vector<started_delivery>> start_plain(std::vector<std::string>& ids, instant at, bool& asked);

  /// The executions of these whose start fell into doubt, and when: two arrays as Postgres reads them.
  [[nodiscard]] std::pair<std::string, std::string> doubts_of(const std::vector<std::string>& execution_ids) const;

  connection link_;
  monthly_limit limit_;
  const node_seat* seat_;
  worthwhile_try plain_;
  std::unordered_map<std::string, std::vector<instant>> doubts_; ///< until a start of theirs is answered
};

} // namespace cued::persistence
