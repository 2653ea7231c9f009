#include "http/routes/cue_json.hpp"

#include "domain/timestamp.hpp"
#include "http/routes/execution_json.hpp"

namespace cued::http {
namespace {

void write_schedule(json::writer& w, const persistence::cue_row& cue) {
  w.begin_object();
  w.key("type").string(cue.schedule_type);
  w.key("timezone").string(cue.timezone);
  if (cue.cron && !cue.cron->empty())
    w.key("cron").string(*cue.cron);
  if (cue.at)
    w.key("at").string(format_offset(*cue.at));
  w.end_object();
}

void write_callback(json::writer& w, const persistence::cue_row& cue) {
  w.begin_object();
  w.key("url").string_or_null(cue.callback_url);
  w.key("method").string(cue.callback_method);
  w.key("headers").raw(cue.callback_headers_json);
  w.end_object();
}

void write_retry(json::writer& w, const persistence::cue_retry& retry) {
  w.begin_object();
  w.key("max_attempts").number(retry.max_attempts);
  w.key("backoff_minutes").raw(retry.backoff_json);
  if (retry.backoff_seconds_json)
    w.key("backoff_seconds").raw(*retry.backoff_seconds_json);
  if (retry.jitter_percent)
    w.key("jitter_percent").number(*retry.jitter_percent);
  w.end_object();
}

/// Only what was asked for, so that a cue made by a client of the reference looks as it does there.
void write_policies(json::writer& w, const persistence::cue_policies& policies) {
  if (policies.catch_up)
    w.key("catch_up").string(*policies.catch_up);
  if (policies.catch_up_window_seconds)
    w.key("catch_up_window_seconds").number(*policies.catch_up_window_seconds);
  if (policies.overlap)
    w.key("overlap").string(*policies.overlap);
  if (policies.outcome_deadline_seconds)
    w.key("delivery")
        .begin_object()
        .key("outcome_deadline_seconds")
        .number(*policies.outcome_deadline_seconds)
        .end_object();
}

} // namespace

void write_cue_members(json::writer& w, const persistence::cue_row& cue, const std::optional<std::string>& warning) {
  w.key("id").string(cue.id);
  w.key("name").string(cue.name);
  w.key("description").string_or_null(cue.description);
  w.key("status").string(cue.status);
  w.key("transport").string(cue.transport);
  w.key("schedule");
  write_schedule(w, cue);
  w.key("callback");
  write_callback(w, cue);
  w.key("payload").raw(cue.payload_json);
  w.key("retry");
  write_retry(w, cue.retry);
  w.key("next_run");
  write_time_or_null(w, cue.next_run);
  w.key("last_run");
  write_time_or_null(w, cue.last_run);
  w.key("run_count").number(cue.run_count);
  w.key("fired_count").number(cue.fired_count);
  w.key("on_failure").raw_or_null(cue.on_failure_json);
  w.key("verification");
  if (cue.verification_mode)
    w.begin_object().key("mode").string(*cue.verification_mode).end_object();
  else
    w.null();
  w.key("warning").string_or_null(warning);
  w.key("created_at").string(format_z(cue.created_at));
  w.key("updated_at").string(format_z(cue.updated_at));
  write_policies(w, cue.policies);
}

std::string cue_json(const persistence::cue_row& cue, const std::optional<std::string>& warning) {
  json::writer w;
  w.begin_object();
  write_cue_members(w, cue, warning);
  w.end_object();
  return std::move(w).str();
}

} // namespace cued::http
