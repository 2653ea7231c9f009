#include "http/routes/alert_json.hpp"

#include "domain/json/value.hpp"
#include "domain/timestamp.hpp"

namespace cued::http {
namespace {

void write_delivery(json::writer& w, const std::optional<persistence::alert_delivery>& delivery) {
  w.key("delivery");
  if (!delivery) {
    w.null();
    return;
  }
  w.begin_object();
  w.key("status").string(delivery->status);
  w.key("attempts").number(delivery->attempts);
  w.key("http_status").number_or_null(delivery->http_status);
  w.key("last_error").string_or_null(delivery->last_error);
  w.key("delivered_at")
      .string_or_null(delivery->delivered_at ? std::optional{format_z(*delivery->delivered_at)} : std::nullopt);
  w.end_object();
}

} // namespace

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
    write_delivery(w, alert.delivery);
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
