#include "http/routes/notes.hpp"

/// Executions (spec/executions.md §2, §3).
namespace cued::http::notes {
namespace {

schema statuses() {
  return one_of({"pending", "delivering", "success", "failed", "retrying", "retry_ready", "missed", "pending_outcome",
                 "outcome_timeout"});
}

schema finished_statuses() { return one_of({"failed", "missed", "outcome_timeout", "success"}); }

schema outcome() {
  return object({{"success", boolean()},
                 {"result", text().or_null()},
                 {"error", text().or_null()},
                 {"metadata", map_of(anything()).or_null()},
                 {"recorded_at", instant_out()},
                 {"external_id", text().or_null()},
                 {"result_url", text().or_null()},
                 {"result_ref", text().or_null()},
                 {"result_type", text().or_null()},
                 {"summary", text().or_null()},
                 {"validation_state", one_of({"valid", "invalid"}).or_null()},
                 maybe("artifacts", anything().meaning("Where one execution is shown")),
                 maybe("evidence_metadata", anything().meaning("Where one execution is shown"))});
}

schema after_schedule() { return integer().or_null(); }

parameter_note filter(std::string_view name) { return {name, text().meaning("Exact; empty is no filter")}; }

schema wait_in() { return number(0, 30).or_null().meaning("Seconds to wait until there is something to claim"); }

schema claim_body() { return object({{"worker_id", text(1, 255)}, maybe("wait", wait_in())}); }

schema claim_granted() {
  return object({{"claimed", boolean()}, {"execution_id", uuid()}, {"lease_seconds", integer(1)}});
}

std::vector<schema_member> of_outcome() {
  return {{"success", boolean()},
          maybe("result", text(0, 8192).or_null()),
          maybe("error", text(0, 8192).or_null()),
          maybe("metadata", map_of(anything()).or_null().meaning("Up to 10,240 bytes")),
          maybe("external_id", text(0, 500).or_null()),
          maybe("result_url", text_like("uri").or_null()),
          maybe("result_ref", text(0, 500).or_null()),
          maybe("result_type", text(0, 100).or_null()),
          maybe("summary", text(0, 500).or_null()),
          maybe("artifacts", list_of(anything()).or_null())};
}

schema new_outcome() { return named("OutcomeReport", of_outcome()); }

schema one_of_many_outcomes() {
  auto members = of_outcome();
  members.insert(members.begin(), {"execution_id", text().meaning("Any spelling of a uuid")});
  return named("OutcomeOfMany", std::move(members));
}

const schema claimable_execution =
    named("ClaimableExecution", {{"execution_id", uuid()},
                                 {"cue_id", text()},
                                 {"cue_name", text()},
                                 {"task", text().or_null()},
                                 {"scheduled_for", instant_out()},
                                 {"payload", map_of(anything())},
                                 {"attempt", integer(0).meaning("Claims before this one")}});

schema outcome_of_many_recorded() {
  const auto problem = object({{"field", text()}, {"message", text()}});
  const auto error = object(
      {{"code", text()}, {"message", text()}, {"status", integer(400, 599)}, maybe("details", list_of(problem))});
  return object({{"execution_id", text().or_null().meaning("As it was sent; null if that was no text")},
                 {"outcome_recorded", boolean()},
                 maybe("outcome_state", text().meaning("Of one that was recorded")),
                 maybe("reason", text().or_null().meaning("Of one that was recorded")),
                 maybe("error", error.meaning("Of one that was not; what it would have been told alone"))});
}

schema evidence() {
  return named("Evidence", {maybe("external_id", text(0, 500).or_null()), maybe("result_url", text(0, 8192).or_null()),
                            maybe("result_ref", text(0, 500).or_null()), maybe("result_type", text(0, 100).or_null()),
                            maybe("summary", anything().meaning("As text, cut to 500 characters")),
                            maybe("artifacts", anything()), maybe("metadata", anything())});
}

} // namespace

const schema execution = named("Execution", {{"id", uuid()},
                                             {"cue_id", text()},
                                             {"scheduled_for", instant_out()},
                                             {"status", statuses()},
                                             {"http_status", integer().or_null()},
                                             {"attempts", integer(0)},
                                             {"error_message", text().or_null()},
                                             {"started_at", instant_out().or_null()},
                                             {"delivered_at", instant_out().or_null()},
                                             {"last_attempt_at", instant_out().or_null()},
                                             {"outcome", outcome().or_null()},
                                             {"created_at", instant_out()},
                                             {"updated_at", instant_out()},
                                             {"claimed_by_worker", text().or_null()},
                                             {"claimed_at", instant_out().or_null()},
                                             {"last_heartbeat_at", instant_out().or_null()},
                                             {"triggered_by", text().or_null()},
                                             {"outcome_state", text().or_null()},
                                             {"next_retry", instant_out().or_null()},
                                             {"backfilled", boolean()},
                                             {"lateness_ms", after_schedule()},
                                             {"timing", object({{"fired_ms", after_schedule()},
                                                                {"started_ms", after_schedule()},
                                                                {"delivered_ms", after_schedule()},
                                                                {"outcome_ms", after_schedule()}})}});

const operation_notes list_executions{
    .query = page_of(20, {filter("cue_id"),
                          filter("status"),
                          {"status__in", text().meaning("Comma list, instead of `status`")},
                          filter("worker_id"),
                          filter("outcome_state"),
                          filter("triggered_by"),
                          filter("result_type"),
                          {"has_evidence", boolean()}}),
    .answers = {{200, object({{"executions", list_of(ref(execution))},
                              {"total", integer(0)},
                              {"limit", integer(1, 100)},
                              {"offset", integer(0)},
                              {"has_more", boolean()},
                              {"oldest_claimed_at", instant_out().or_null()}})}},
    .refusals = {{400, "conflicting_filters"}, {400, "invalid_status_in"}}};

const operation_notes list_claimable{
    .query = {{"task", text().meaning("Only those whose payload.task is this")},
              {"agent", text().meaning("Only those whose payload.agent is this")},
              {"wait", number(0, 30).meaning("Seconds to wait until there is something to list")}},
    .answers = {{200, object({{"executions", list_of(ref(claimable_execution))}})}}};

const operation_notes claim_next_execution{
    .body = claim_body(), .answers = {{200, claim_granted()}}, .refusals = {{409, "claim_failed"}}};

const operation_notes claim_execution{
    .body = claim_body(),
    .answers = {{200, claim_granted()}},
    .refusals = {{409, "claim_failed"}},
    .description = "409 also for what is missing, somebody else's, or taken already. `wait` is ignored here."};

const operation_notes claim_executions{
    .body = object({{"worker_id", text(1, 255)},
                    maybe("max", integer(1, 1000).meaning("100 unless given")),
                    maybe("wait", wait_in())}),
    .answers = {{200, object({{"claimed", integer(0, 1000)},
                              {"lease_seconds", integer(1)},
                              {"executions", list_of(ref(claimable_execution))}})}},
    .description = "Answers as soon as there is one, with as many as there are then, oldest first; when the time is up "
                   "with an empty list. Counts as one request."};

const operation_notes replay_executions{
    .body = object({maybe("cue_id", text().or_null()),
                    maybe("status", anything().meaning("failed, missed, outcome_timeout or success, or a list of them; "
                                                       "the first three unless given")),
                    maybe("from", moment_in().or_null()), maybe("to", moment_in().or_null()),
                    maybe("after", uuid().or_null().meaning("The last execution of the page before")),
                    maybe("limit", integer(1, 1000)), maybe("dry_run", boolean())}),
    .answers = {{200, object({{"matched", integer(0)},
                              {"replayed", integer(0)},
                              {"dry_run", boolean()},
                              {"executions", list_of(object({{"execution_id", uuid()},
                                                             {"replay_id", uuid().or_null()},
                                                             {"cue_id", text()},
                                                             {"scheduled_for", instant_out()},
                                                             {"status", finished_statuses()}}))},
                              {"has_more", boolean()}})}}};

const operation_notes get_execution{.answers = {{200, ref(execution)}}, .refusals = {{404, "execution_not_found"}}};

const operation_notes heartbeat_execution{
    .headers = {{"X-Worker-Id", text().meaning("If given, only the worker that holds the claim is heard")}},
    .answers = {{200, object({{"execution_id", text().meaning("As it was sent")},
                              {"lease_extended_until", instant_out()},
                              {"acknowledged", boolean()}})}},
    .refusals = {{403, "not_execution_owner"}, {404, "execution_not_found"}, {409, "execution_not_claiming"}}};

const operation_notes report_outcome{
    .body = new_outcome(),
    .answers = {{200, object({{"execution_id", text().meaning("As it was sent")},
                              {"outcome_recorded", boolean()},
                              {"outcome_state", text()},
                              {"reason", text().or_null()}})}},
    .refusals = {{400, "metadata_too_large"}, {404, "execution_not_found"}, {409, "outcome_already_recorded"}}};

const operation_notes report_outcomes{
    .body = object({{"outcomes", list_of(one_of_many_outcomes(), 1, 1000)}}),
    .answers = {{200, object({{"results", list_of(outcome_of_many_recorded())}})}},
    .description = "Each is judged on its own, and answered in the order in which they were sent. Counts as one "
                   "request."};

const operation_notes replay_execution{
    .answers = {{200, object({{"id", uuid()},
                              {"execution_id", uuid()},
                              {"cue_id", text()},
                              {"scheduled_for", instant_out()},
                              {"status", one_of({"pending"})},
                              {"triggered_by", one_of({"replay"})},
                              {"replayed_from", text().meaning("As it was sent")}})}},
    .refusals = {{404, "execution_not_found"}, {409, "execution_in_flight"}, {409, "duplicate_execution"}}};

const operation_notes verify_execution{.body = object({maybe("valid", boolean()), maybe("reason", text().or_null())}),
                                       .answers = {{200, object({{"execution_id", text().meaning("As it was sent")},
                                                                 {"outcome_state", text()},
                                                                 {"valid", boolean()},
                                                                 {"reason", text().or_null()}})}},
                                       .refusals = {{404, "execution_not_found"}, {409, "invalid_state"}}};

const operation_notes park_execution{
    .answers = {{200, object({{"execution_id", text().meaning("As it was sent")}, {"outcome_state", text()}})}},
    .refusals = {{404, "execution_not_found"}, {409, "no_outcome"}}};

const operation_notes add_execution_evidence{
    .body = evidence(),
    .answers = {{200, object({{"execution_id", text().meaning("As it was sent")},
                              {"outcome_state", text().or_null()},
                              {"evidence_updated", boolean()}})}},
    .refusals = {{404, "execution_not_found"}, {409, "no_outcome"}},
    .description = "What is empty (null, false, 0, \"\", [], {}) is skipped."};

const operation_notes live_claim_execution{
    .body = object({{"session_token", text(0, 128)}}),
    .answers = {{200, object({{"attested", boolean()}, {"execution_id", uuid()}, {"live_claimed_at", instant_out()}})}},
    .refusals = {{404, "execution_not_found"}, {409, "already_attested"}}};

} // namespace cued::http::notes
