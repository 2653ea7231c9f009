#include "http/routes/notes.hpp"

/// Workers, usage, alerts, and the routes that need no account (spec/workers.md, spec/alerts-usage.md, spec/http.md
/// §9).
namespace cued::http::notes {
namespace {

schema alert_types() {
  return one_of({"outcome_timeout", "verification_failed", "consecutive_failures", "quota_exceeded", "worker_offline"});
}

const schema health = named(
    "Health",
    {{"status", one_of({"healthy", "degraded"})},
     {"version", one_of({"1.0.0"})},
     {"timestamp", instant_out()},
     {"services", object({{"postgres", one_of({"ok", "error"})},
                          {"redis", one_of({"ok", "error", "not_configured"})},
                          {"poller", one_of({"ok", "stale", "unknown"})},
                          {"worker", one_of({"ok", "none", "unknown"})}})},
     maybe("poller",
           object({maybe("status", one_of({"unknown"})), maybe("last_run", text()), maybe("seconds_ago", integer()),
                   maybe("cues_last_cycle", integer()), maybe("cycle_duration_ms", integer())})),
     maybe("workers", object({{"active_count", integer(0)}, maybe("last_heartbeat", instant_out())})),
     {"queue", object({maybe("pending_outbox", integer(0)), maybe("stale_executions", integer(0)),
                       maybe("pending_retries", integer(0)), maybe("pending_worker_claims", integer(0))})},
     maybe("notices", object({{"pending", integer(0)}, {"failed", integer(0)}})),
     {"engine", object({{"status", one_of({"ok", "degraded"})},
                        {"troubled", list_of(object({{"member", text()},
                                                     {"state", one_of({"restarting", "stuck"})},
                                                     maybe("deaths", integer(0)),
                                                     maybe("seconds", integer(0))}))}})},
     maybe("nodes", object({{"living", integer(0)}, {"epoch", integer(0)}, {"renewed_seconds_ago", integer(0)}}))});

const schema server_status =
    named("Status", {{"status", one_of({"healthy", "degraded", "down"})}, maybe("reason", text())});

const schema alert = named("Alert", {{"id", uuid()},
                                     {"cue_id", text().or_null()},
                                     {"execution_id", uuid().or_null()},
                                     {"alert_type", alert_types()},
                                     {"severity", one_of({"info", "warning", "critical"})},
                                     {"message", text()},
                                     {"metadata", map_of(anything()).or_null()},
                                     {"acknowledged", boolean()},
                                     {"created_at", instant_out()},
                                     {"delivery", object({{"status", text()},
                                                          {"attempts", integer(0)},
                                                          {"http_status", integer().or_null()},
                                                          {"last_error", text().or_null()},
                                                          {"delivered_at", instant_out().or_null()}})
                                                      .or_null()}});

schema period(bool with_days) {
  std::vector<schema_member> members{{"start", text_like("date")}, {"end", text_like("date")}};
  if (with_days)
    members.push_back({"days_remaining", integer(0)});
  return object(std::move(members));
}

schema usage() {
  return named("Usage",
               {{"plan", text()},
                {"billing_period", period(true)},
                {"period", period(false)},
                {"cues", object({{"used", integer(0)},
                                 {"active", integer(0)},
                                 {"limit", integer()},
                                 {"remaining", integer()},
                                 {"percent_used", integer(0)}})},
                {"executions", object({{"used", integer(0)},
                                       {"limit", integer()},
                                       {"remaining", integer()},
                                       {"percent_used", integer(0)},
                                       {"percentage", number(0)},
                                       {"projected_month_end", integer(0)},
                                       {"will_exceed_limit", boolean()}})},
                {"outcomes", object({{"reported", integer(0)}, {"succeeded", integer(0)}, {"failed", integer(0)}})},
                {"rate_limit",
                 object({{"requests_per_minute", integer()}, {"limit", integer()}, {"current_usage", integer(0)}})},
                {"upgrade_url", text()}});
}

} // namespace

// -- without an account ---------------------------------------------------

const operation_notes show_health{.answers = {{200, ref(health)}}};

const operation_notes show_status{.answers = {{200, ref(server_status)}, {503, ref(server_status)}}};

const operation_notes show_metrics{.answers = {{200, text(), "text/plain"}}};

const operation_notes show_info{
    .answers = {
        {200, named("Info", {{"version", text()},
                             {"authorization_backend", text()},
                             {"authentication_paths", object({{"per_user_api_key", boolean()},
                                                              {"internal_token_with_on_behalf_of", boolean()}})},
                             {"disabled_primitives", list_of(one_of({"cues", "quotas", "device_code"}))}})}}};

const operation_notes leave_echo{
    .body = anything(),
    .answers = {{200, object({{"stored", boolean()}})}},
    .refusals = {{400, "invalid_token"}, {400, "invalid_json"}, {400, "http_error"}, {413, "payload_too_large"}},
    .description = "Any JSON of at most 1,000,000 bytes, of any media type."};

const operation_notes fetch_echo{.answers = {{200, object({{"status", one_of({"waiting", "delivered"})},
                                                           maybe("payload", anything()),
                                                           maybe("headers", map_of(text())),
                                                           maybe("received_at", instant_out())})}}};

const operation_notes show_openapi{.answers = {{200, map_of(anything())}}};

const operation_notes show_docs{.answers = {{200, text(), "text/html"}}};

// -- workers --------------------------------------------------------------

const operation_notes worker_heartbeat{
    .body = object({{"worker_id", text(1, 255)}, maybe("handlers", list_of(text()).or_null())}),
    .answers = {{200, object({{"acknowledged", boolean()}, {"server_time", instant_out()}})}}};

const operation_notes list_workers{
    .answers = {{200, object({{"workers", list_of(object({{"worker_id", text()},
                                                          {"last_heartbeat", instant_out()},
                                                          {"seconds_since_heartbeat", integer()},
                                                          {"heartbeat_status", one_of({"active", "stale", "dead"})},
                                                          {"handlers", list_of(text()).or_null()},
                                                          {"registered_since", instant_out()}}))}})}}};

const operation_notes delete_worker{.answers = {{204, {}, ""}}, .refusals = {{404, "worker_not_found"}}};

// -- usage and alerts -----------------------------------------------------

const operation_notes show_usage{.answers = {{200, usage()}}};

const operation_notes list_alerts{
    .query = page_of(20, {{"alert_type", text().meaning("outcome_timeout, verification_failed, consecutive_failures, "
                                                        "quota_exceeded or worker_offline; empty is no filter")},
                          {"since", text().meaning("A time; those made since then")}}),
    .answers = {{200, object({{"alerts", list_of(ref(alert))},
                              {"total", integer(0)},
                              {"limit", integer(1, 100)},
                              {"offset", integer(0)}})}},
    .refusals = {{400, "invalid_filter"}}};

} // namespace cued::http::notes
