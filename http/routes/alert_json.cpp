#include "http/routes/alert_json.hpp"

#include "domain/json/value.hpp"
#include "domain/timestamp.hpp"

namespace cued::http {

std::string alerts_json(const persistence::alert_page& page, std::int64_t limit, std::int64_t offset) {
  json::writer w;
  w.begin_object().key("alerts").begin_array();
  for (const auto& alert : page.alerts) {
    w.begin_object();
    w.key("id").string(alert.id);
    w.key("cue_id").string_or_null(alert.cue_id);
    w.key("execution_id").string_or_null(alert.execution_id);
    w.key("alert_type").string(alert.alert_type);
    w.key("severity").string(alert.severity);
    w.key("message").string(alert.message);
    w.key("metadata").raw_or_null(alert.metadata_json);
    w.key("acknowledged").boolean(alert.acknowledged);
    w.key("created_at").string(format_z(alert.created_at));
    w.end_object();
  }
  w.end_array();
  w.key("total").number(page.total);
  w.key("limit").number(limit);
  w.key("offset").number(offset);
  w.end_object();
  return std::move(w).str();
}

} // namespace cued::http
