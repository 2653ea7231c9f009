#include "http/routes/cue_input.hpp"
#include "http/routes/notes.hpp"

/// Cues (spec/cues.md §2 - §5).
namespace cued::http::notes {
namespace {

// -- what clients send ----------------------------------------------------

const schema schedule_in =
    named("ScheduleInput", {{"type", text().meaning("`once` or `recurring`")},
                            maybe("cron", text().or_null()),
                            maybe("at", moment_in().or_null()),
                            maybe("timezone", text().meaning("An IANA name; UTC unless given"))});

const schema callback_in = named("CallbackInput", {maybe("url", text(0, 2083).or_null()),
                                                   maybe("method", one_of({"POST", "GET", "PUT", "PATCH"})),
                                                   maybe("headers", map_of(text()).or_null())});

const schema retry_in = named(
    "RetryInput", {maybe("max_attempts", integer(1, retry_attempts_max)), maybe("backoff_minutes", list_of(integer())),
                   maybe("backoff_seconds", list_of(integer(0, policy_seconds_max), 0, backoff_steps_max).or_null()),
                   maybe("schedule", one_of({"long"}).or_null()), maybe("jitter_percent", integer(0, 100).or_null())});

const schema failure_in =
    named("OnFailureInput", {maybe("email", boolean()), maybe("webhook", text().or_null()), maybe("pause", boolean())});

const schema verification_modes =
    one_of({"none", "require_external_id", "require_result_url", "require_artifacts", "manual"});

std::vector<schema_member> members_of_both() {
  return {
      maybe("description", text().or_null()),
      maybe("callback", ref(callback_in).or_null()),
      maybe("payload", map_of(anything()).or_null().meaning("Up to 1 MiB")),
      maybe("retry", ref(retry_in).or_null()),
      maybe("on_failure", ref(failure_in).or_null()),
      maybe("verification", object({maybe("mode", verification_modes)}).or_null()),
      maybe("catch_up", one_of({"all", "latest", "none"}).or_null()),
      maybe("catch_up_window_seconds", integer(0, policy_seconds_max).or_null()),
      maybe("overlap", one_of({"allow", "skip", "queue_one"}).or_null()),
      maybe("delivery",
            object({maybe("outcome_deadline_seconds", integer(1, outcome_deadline_seconds_max).or_null())}).or_null())};
}

schema new_cue() {
  auto members = members_of_both();
  members.insert(members.begin(), {{"name", text(0, cue_name_length_max)},
                                   {"schedule", ref(schedule_in)},
                                   maybe("transport", one_of({"webhook", "worker"}))});
  return named("NewCue", std::move(members));
}

schema cue_change() {
  auto members = members_of_both();
  members.insert(members.begin(), {maybe("name", text(0, cue_name_length_max).or_null()),
                                   maybe("status", one_of({"active", "paused"}).or_null()),
                                   maybe("schedule", ref(schedule_in).or_null())});
  return named("CueChange", std::move(members)).meaning("Null leaves a member as it is; other members are refused");
}

// -- what they get --------------------------------------------------------

std::vector<schema_member> cue_members() {
  return {{"id", text()},
          {"name", text()},
          {"description", text().or_null()},
          {"status", one_of({"active", "paused", "completed", "failed"})},
          {"transport", one_of({"webhook", "worker"})},
          {"schedule", object({{"type", one_of({"once", "recurring"})},
                               {"timezone", text()},
                               maybe("cron", text()),
                               maybe("at", instant_out())})},
          {"callback", object({{"url", text().or_null()}, {"method", text()}, {"headers", map_of(text())}})},
          {"payload", map_of(anything())},
          {"retry", object({{"max_attempts", integer()},
                            {"backoff_minutes", list_of(integer())},
                            maybe("backoff_seconds", list_of(integer())),
                            maybe("jitter_percent", integer())})},
          {"next_run", instant_out().or_null()},
          {"last_run", instant_out().or_null()},
          {"run_count", integer(0)},
          {"fired_count", integer(0)},
          {"on_failure", object({{"email", boolean()}, {"webhook", text().or_null()}, {"pause", boolean()}}).or_null()},
          {"verification", object({{"mode", verification_modes}}).or_null()},
          {"warning", text().or_null()},
          {"created_at", instant_out()},
          {"updated_at", instant_out()},
          maybe("catch_up", one_of({"all", "latest", "none"})),
          maybe("catch_up_window_seconds", integer(0)),
          maybe("overlap", one_of({"allow", "skip", "queue_one"})),
          maybe("delivery", object({{"outcome_deadline_seconds", integer(1)}}))};
}

const schema cue = named("Cue", cue_members());

schema cue_detail() {
  auto members = cue_members();
  members.insert(members.end(), {{"executions", list_of(ref(execution))},
                                 {"execution_total", integer(0)},
                                 {"execution_limit", integer(1, 100)},
                                 {"execution_offset", integer(0)}});
  return named("CueDetail", std::move(members));
}

const schema previewed_run =
    named("PreviewedRun", {{"at", instant_out()}, {"local", instant_out()}, {"note", text().or_null()}});

schema how_many() { return integer(1, 100).meaning("How many runs; 5 unless given"); }

std::vector<refusal_note> refusals_of_members(std::vector<refusal_note> more) {
  more.insert(more.end(), {{400, "invalid_callback_url"},
                           {400, "invalid_payload"},
                           {400, "invalid_payload_size"},
                           {400, "invalid_schedule"},
                           {409, "duplicate_cue_name"},
                           {422, "invalid_timezone"}});
  return more;
}

} // namespace

const operation_notes list_cues{.query = page_of(50, {{"status", text().meaning("Exact; empty is no filter")}}),
                                .answers = {{200, object({{"cues", list_of(ref(cue))},
                                                          {"total", integer(0)},
                                                          {"limit", integer(1, 100)},
                                                          {"offset", integer(0)}})}}};

const operation_notes create_cue{
    .body = new_cue(),
    .answers = {{201, ref(cue)}},
    .refusals = refusals_of_members({{403, "cue_limit_exceeded"}}),
    .description = "A webhook cue needs callback.url. Other members are ignored. A flat form (cron or at, timezone, "
                   "callback_url, worker) is understood too."};

const operation_notes get_cue{
    .query = {{"execution_limit", integer(1, 100).meaning("10 unless given")}, {"execution_offset", integer(0)}},
    .answers = {{200, cue_detail()}},
    .refusals = {{404, "cue_not_found"}}};

const operation_notes patch_cue{
    .body = cue_change(), .answers = {{200, ref(cue)}}, .refusals = refusals_of_members({{404, "cue_not_found"}})};

const operation_notes delete_cue{.answers = {{204, {}, ""}}, .refusals = {{404, "cue_not_found"}}};

const operation_notes fire_cue{
    .body = object({maybe("send_at", moment_in().or_null()), maybe("payload_override", map_of(anything()).or_null()),
                    maybe("merge_strategy", one_of({"merge", "replace"}).or_null()),
                    maybe("idempotency_key", text(0, 256).or_null())}),
    .answers = {{200, object({{"id", uuid()},
                              {"cue_id", text()},
                              {"scheduled_for", instant_out()},
                              {"status", one_of({"pending"})},
                              {"triggered_by", one_of({"manual_fire"})}})}},
    .refusals = {{404, "cue_not_found"}, {409, "idempotency_key_conflict"}, {409, "duplicate_execution"}}};

const operation_notes preview_cue{
    .query = {{"n", how_many()}},
    .answers = {{200, object({{"cue_id", text()}, {"timezone", text()}, {"next", list_of(ref(previewed_run))}})}},
    .refusals = {{400, "invalid_schedule"}, {404, "cue_not_found"}, {422, "invalid_timezone"}}};

const operation_notes preview_schedule{
    .body = object({{"schedule", ref(schedule_in)}, maybe("n", how_many())}),
    .answers = {{200, object({{"timezone", text()}, {"next", list_of(ref(previewed_run))}})}},
    .refusals = {{400, "invalid_schedule"}, {422, "invalid_timezone"}}};

const operation_notes bulk_delete_cues{
    .body = object({{"ids", list_of(text(), 1, 100)}}),
    .headers = {confirmation_header()},
    .answers = {{200, object({{"deleted", list_of(text())}, {"skipped", list_of(text())}})}},
    .refusals = {unconfirmed},
    .description = "What is missing and what is somebody else's is skipped."};

} // namespace cued::http::notes
