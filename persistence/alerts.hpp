#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "domain/instant.hpp"
#include "persistence/postgres/connection.hpp"

/// Reading the table `alerts` (spec/alerts-usage.md §1, §4). Alerts are written where outcomes are recorded.
/// Thread: the connection's.
namespace cued::persistence {

/// How the alert's webhook fares.
struct alert_delivery {
  std::string status; ///< pending, sending, delivered, failed, dropped
  int attempts = 0;
  std::optional<int> http_status; ///< of the last attempt
  std::optional<std::string> last_error;
  std::optional<instant> delivered_at;
};

struct alert {
  std::string id;
  std::optional<std::string> cue_id;
  std::optional<std::string> execution_id;
  std::string alert_type;
  std::string severity;
  std::string message;
  std::optional<std::string> metadata_json;
  bool acknowledged = false;
  instant created_at;
  std::optional<alert_delivery> delivery = {}; ///< nothing: its owner had no alert URL and secret when it was written
};

struct alert_filter {
  std::optional<std::string> alert_type;
  std::optional<instant> since; ///< created at or after
  std::int64_t limit = 20;
  std::int64_t offset = 0;
};

struct alert_page {
  std::vector<alert> alerts; ///< newest first
  std::int64_t total = 0;    ///< of all that match, whatever the page
};

[[nodiscard]] result<alert_page> list_alerts(connection& db, const std::string& user_id, const alert_filter& filter);

} // namespace cued::persistence
