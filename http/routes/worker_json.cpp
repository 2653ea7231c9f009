#include "http/routes/worker_json.hpp"

#include "domain/json/value.hpp"
#include "domain/timestamp.hpp"
#include "domain/worker_liveness.hpp"

namespace cued::http {

std::string workers_json(const std::vector<persistence::worker>& workers, instant now) {
  json::writer w;
  w.begin_object().key("workers").begin_array();
  for (const auto& worker : workers) {
    const auto silent_seconds = seconds_since(worker.last_heartbeat, now);
    w.begin_object();
    w.key("worker_id").string(worker.worker_id);
    w.key("last_heartbeat").string(format_z(worker.last_heartbeat));
    w.key("seconds_since_heartbeat").number(silent_seconds);
    w.key("heartbeat_status").string(heartbeat_status(silent_seconds));
    w.key("handlers").raw_or_null(worker.handlers_json);
    w.key("registered_since").string(format_z(worker.registered_since));
    w.end_object();
  }
  w.end_array().end_object();
  return std::move(w).str();
}

} // namespace cued::http
