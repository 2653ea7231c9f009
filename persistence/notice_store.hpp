#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "persistence/postgres/connection.hpp"

namespace cued::persistence {

enum class notice_kind { alert, escalation, mail };

[[nodiscard]] std::string_view name_of(notice_kind kind);

/// A notice taken to be sent (now `sending`), with the owner's address and secrets as they are at this moment.
struct started_notice {
  std::int64_t id = 0;
  notice_kind kind = notice_kind::alert;
  int attempt = 1; ///< the one about to be made, 1-based
  std::string user_id;
  std::optional<std::string> cue_id, execution_id;
  std::string content_json;
  std::string email;                                                  ///< empty: the user is gone
  std::string webhook_secret;                                         ///< signs escalations
  std::string alert_url, alert_webhook_secret;                        ///< empty: not configured (any more)
  std::string previous_webhook_secret, previous_alert_webhook_secret; ///< in overlap; empty: none
};

/// What came of an attempt.
struct notice_result {
  std::int64_t id = 0;
  int attempt = 1; ///< the guard: a late result of an older attempt changes nothing
  enum class verdict { delivered, retry, failed, dropped };
  verdict what = verdict::failed;
  std::optional<int> http_status;
  std::optional<std::string> last_error;
  std::optional<instant> next_attempt; ///< of a retry
};

[[nodiscard]] std::string_view name_of(notice_result::verdict verdict);

struct notice_batch {
  std::size_t at_most = 0;
  std::size_t per_user_at_most = 0;
  std::vector<std::string> not_of; ///< users who have enough under way
  int attempts_at_most = 1;        ///< a notice that was lost under way more often than this is given up
};

struct notice_counts {
  std::int64_t pending = 0; ///< not delivered yet, the ones under way included
  std::int64_t failed = 0;  ///< given up within the last week
};

/// What the courier asks of the store: the table cued.notices. Written by persistence/alert_rows.hpp.
class notice_store {
public:
  virtual ~notice_store() = default;

  /// Takes notices that are due, users in turn. One that was taken and never finished is due again after 60 s.
  virtual result<std::vector<started_notice>> take(const notice_batch& wanted, instant now) = 0;

  /// Writes down how attempts ended; returns how many still were what they had been taken as.
  virtual result<std::size_t> finish(const std::vector<notice_result>& results, instant now) = 0;

  virtual result<notice_counts> counts(instant now) = 0;
};

class postgres_notice_store final : public notice_store {
public:
  explicit postgres_notice_store(connection_options options) : link_{std::move(options)} {}

  result<std::vector<started_notice>> take(const notice_batch& wanted, instant now) override;
  result<std::size_t> finish(const std::vector<notice_result>& results, instant now) override;
  result<notice_counts> counts(instant now) override;

private:
  connection link_;
};

/// The same counts on a connection of the caller's, for /health.
[[nodiscard]] notice_counts count_notices(session& s, instant now);

} // namespace cued::persistence
