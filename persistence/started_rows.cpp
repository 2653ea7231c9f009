#include "persistence/started_rows.hpp"

namespace cued::persistence {
namespace {

namespace started_column {
enum : pqxx::row::size_type {
  id,
  user_id,
  cue_id,
  name,
  scheduled_for,
  attempt,
  url,
  method,
  headers,
  payload,
  retry_max_attempts,
  backoff,
  backoff_seconds,
  jitter_percent,
  webhook_secret,
  backfilled,
  previous_secret,
  count
};
}
static_assert(started_column::count == started_columns);

} // namespace

started_delivery read_started(const pqxx::row& row, pqxx::row::size_type first) {
  using namespace started_column;
  started_delivery d;
  d.execution_id = row[first + id].c_str();
  d.user_id = row[first + user_id].c_str();
  d.cue_id = row[first + cue_id].c_str();
  d.cue_name = row[first + name].c_str();
  d.scheduled_for = read_instant(row[first + scheduled_for].c_str());
  d.attempt = row[first + attempt].as<int>();
  d.url = row[first + url].c_str();
  d.method = row[first + method].c_str();
  d.headers_json = row[first + headers].c_str();
  d.payload_json = row[first + payload].c_str();
  d.retry_max_attempts = row[first + retry_max_attempts].as<int>();
  d.retry_backoff_json = row[first + backoff].c_str();
  d.retry_backoff_seconds_json = row[first + backoff_seconds].c_str();
  d.retry_jitter_percent = row[first + jitter_percent].as<int>();
  d.webhook_secret = row[first + webhook_secret].c_str();
  d.backfilled = row[first + backfilled].as<bool>();
  d.previous_webhook_secret = row[first + previous_secret].c_str();
  return d;
}

} // namespace cued::persistence
