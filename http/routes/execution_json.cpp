#include "http/routes/execution_json.hpp"

#include "domain/timestamp.hpp"

namespace cued::http {
namespace {

void write_evidence(json::writer& w, const persistence::execution_evidence& evidence) {
  w.key("external_id").string_or_null(evidence.external_id);
  w.key("result_url").string_or_null(evidence.result_url);
  w.key("result_ref").string_or_null(evidence.result_ref);
  w.key("result_type").string_or_null(evidence.result_type);
  w.key("summary").string_or_null(evidence.summary);
  w.key("validation_state").string_or_null(evidence.validation_state);
}

void write_outcome(json::writer& w, const persistence::execution_row& e, const persistence::execution_detail* detail) {
  w.key("outcome");
  if (!e.outcome) {
    w.null();
    return;
  }
  w.begin_object();
  w.key("success").boolean(e.outcome->success);
  w.key("result").string_or_null(e.outcome->result);
  w.key("error").string_or_null(e.outcome->error);
  w.key("metadata").raw_or_null(e.outcome->metadata_json);
  w.key("recorded_at").string(format_z(e.outcome->recorded_at));
  write_evidence(w, e.evidence);
  if (detail) {
    w.key("artifacts").raw_or_null(detail->artifacts_json);
    w.key("evidence_metadata").raw_or_null(detail->evidence_metadata_json);
  }
  w.end_object();
}

/// How long after its scheduled instant each stage was reached, in whole milliseconds; null: not yet.
void write_timing(json::writer& w, const persistence::execution_row& e) {
  const auto after = [&](const std::optional<instant>& at) -> std::optional<std::int64_t> {
    if (!at)
      return std::nullopt;
    return std::chrono::floor<std::chrono::milliseconds>(*at - e.scheduled_for).count();
  };
  w.key("backfilled").boolean(e.backfilled);
  w.key("lateness_ms").number_or_null(after(e.started_at));
  w.key("timing").begin_object();
  w.key("fired_ms").number_or_null(after(e.created_at));
  w.key("started_ms").number_or_null(after(e.started_at));
  w.key("delivered_ms").number_or_null(after(e.delivered_at));
  w.key("outcome_ms").number_or_null(after(e.outcome ? std::optional{e.outcome->recorded_at} : std::nullopt));
  w.end_object();
}

void write(json::writer& w, const persistence::execution_row& e, const persistence::execution_detail* detail) {
  w.begin_object();
  w.key("id").string(e.id);
  w.key("cue_id").string(e.cue_id);
  w.key("scheduled_for").string(format_z(e.scheduled_for));
  w.key("status").string(e.status);
  w.key("http_status").number_or_null(e.http_status);
  w.key("attempts").number(e.attempts);
  w.key("error_message").string_or_null(e.error_message);
  write_time_or_null(w.key("started_at"), e.started_at);
  write_time_or_null(w.key("delivered_at"), e.delivered_at);
  write_time_or_null(w.key("last_attempt_at"), e.last_attempt_at);
  write_outcome(w, e, detail);
  w.key("created_at").string(format_z(e.created_at));
  w.key("updated_at").string(format_z(e.updated_at));

  w.key("claimed_by_worker").string_or_null(e.claimed_by_worker);
  write_time_or_null(w.key("claimed_at"), e.claimed_at);
  write_time_or_null(w.key("last_heartbeat_at"), e.last_heartbeat_at);
  w.key("triggered_by").string_or_null(e.triggered_by);
  w.key("outcome_state").string_or_null(e.outcome_state);
  write_time_or_null(w.key("next_retry"), e.next_retry);
  write_timing(w, e);
  w.end_object();
}

} // namespace

void write_time_or_null(json::writer& w, const std::optional<instant>& at) {
  if (at)
    w.string(format_z(*at));
  else
    w.null();
}

void write_execution(json::writer& w, const persistence::execution_row& execution) { write(w, execution, nullptr); }

void write_execution(json::writer& w, const persistence::execution_detail& detail) {
  write(w, detail.execution, &detail);
}

} // namespace cued::http
