#include "tests/http/routes/cue_fixture.hpp"

using namespace cued;
using namespace cued::test;

namespace {

class patch_cue : public cue_routes_test {
protected:
  called_routes::answer patch(const std::string& body) { return api_.patch("/v1/cues/cue_a", body); }

  void add_once(const std::string& status, const std::string& at, const std::string& next_run = "NULL") {
    add_cue(
        "cue_a",
        {{"schedule_type", "'once'"}, {"status", quoted(status)}, {"schedule_at", quoted(at)}, {"next_run", next_run}});
  }
  void add_recurring(const std::string& status = "active") {
    add_cue("cue_a", {{"schedule_cron", "'0 9 * * *'"}, {"status", quoted(status)}});
  }
};

} // namespace

TEST_F(patch_cue, an_empty_patch_changes_nothing_but_the_time_of_the_last_change) {
  add_cue("cue_a", {{"description", "'d'"}, {"updated_at", "'2020-01-01'"}});
  EXPECT_CALL(api_.engine, cue_changed("cue_a")).Times(1);
  const auto before = api_.get("/v1/cues/cue_a");
  const auto after = patch(R"({"name":null,"description":null,"status":null,"schedule":null,"callback":null,)"
                           R"("payload":null,"retry":null,"on_failure":null,"verification":null})");
  ASSERT_EQ(after.status, 200) << after.body;
  for (const auto member : {"name", "description", "status", "schedule", "callback", "payload", "retry", "next_run",
                            "on_failure", "verification", "created_at"})
    EXPECT_EQ(after[member], before[member]) << member;
  EXPECT_NE(after["updated_at"], before["updated_at"]);
}

TEST_F(patch_cue, nested_objects_are_replaced_as_a_whole) {
  add_cue("cue_a", {{"callback_method", "'PUT'"},
                    {"callback_headers", "'{\"X-A\":\"1\"}'"},
                    {"retry_max_attempts", "7"},
                    {"retry_backoff_minutes", "'[9]'"},
                    {"on_failure", "'{\"email\":false,\"webhook\":null,\"pause\":true}'"}});
  const auto after = patch(R"({"callback":{"url":"https://93.184.216.34/new"},"retry":{"max_attempts":2},)"
                           R"("on_failure":{"pause":true},"verification":{},"payload":{}})");
  ASSERT_EQ(after.status, 200) << after.body;
  EXPECT_EQ(after["callback"], R"({"url":"https://93.184.216.34/new","method":"POST","headers":{}})");
  EXPECT_EQ(after["retry"], R"({"max_attempts":2,"backoff_minutes":[1,5,15]})");
  EXPECT_EQ(after["on_failure"], R"({"email":true,"pause":true,"webhook":null})");
  EXPECT_EQ(after["verification"], R"({"mode":"none"})");
  EXPECT_EQ(patch(R"({"callback":{"method":"GET"}})")["callback.url"], "\"https://93.184.216.34/new\"");
}

TEST_F(patch_cue, policies_change_one_by_one_and_null_leaves_them) {
  add_cue("cue_a", {{"catch_up", "'none'"}, {"overlap_policy", "'skip'"}, {"outcome_deadline_seconds", "60"}});
  auto after = patch(R"({"catch_up":"all","catch_up_window_seconds":7,"overlap":null,"delivery":null})");
  ASSERT_EQ(after.status, 200) << after.body;
  EXPECT_EQ(after["catch_up"], "\"all\"");
  EXPECT_EQ(after["catch_up_window_seconds"], "7");
  EXPECT_EQ(after["overlap"], "\"skip\"");
  EXPECT_EQ(after["delivery"], R"({"outcome_deadline_seconds":60})");
  after = patch(R"({"overlap":"queue_one","delivery":{"outcome_deadline_seconds":5}})");
  EXPECT_EQ(after["overlap"], "\"queue_one\"");
  EXPECT_EQ(after["delivery"], R"({"outcome_deadline_seconds":5})");
  EXPECT_EQ(after["catch_up"], "\"all\"");
  patch(R"({"delivery":{}})");
  EXPECT_EQ(of_cue("outcome_deadline_seconds IS NULL"), "t") << "objects are replaced as a whole";
}

TEST_F(patch_cue, a_retry_without_seconds_goes_back_to_minutes) {
  add_cue("cue_a", {{"retry_backoff_seconds", "'[9]'"}, {"retry_jitter_percent", "10"}});
  EXPECT_EQ(patch(R"({"name":"x"})")["retry.jitter_percent"], "10");
  EXPECT_EQ(patch(R"({"retry":{}})")["retry"], R"({"max_attempts":3,"backoff_minutes":[1,5,15]})");
}

TEST_F(patch_cue, what_a_patch_does_not_know_is_refused_and_named) {
  add_cue("cue_a");
  const auto answer = patch(R"({"name":"x","transport":"worker","alerts":{},"id":"cue_b"})");
  EXPECT_EQ(answer.status, 422);
  for (const auto field : {"body.transport", "body.alerts", "body.id"})
    EXPECT_NE(answer.body.find(field), std::string::npos) << field;
  EXPECT_EQ(of_cue("name"), "name of cue_a");
}

TEST_F(patch_cue, types_are_judged_before_the_cue_is_looked_for) {
  EXPECT_EQ(api_.patch("/v1/cues/cue_missing", R"({"status":"completed"})").status, 422);
  EXPECT_EQ(api_.patch("/v1/cues/cue_missing", R"({"schedule":{}})").status, 422);
  EXPECT_EQ(api_.patch("/v1/cues/cue_missing", R"({"callback":{"method":"BREW"}})").status, 422);
  EXPECT_EQ(api_.patch("/v1/cues/cue_missing", "{\"name\":\"" + std::string(256, 'x') + "\"}").status, 422);
  EXPECT_EQ(api_.patch("/v1/cues/cue_missing", R"({"on_failure":{"webhook":"x"}})").status, 404);
}

TEST_F(patch_cue, the_checks_are_those_of_create_and_nothing_is_written_when_one_fails) {
  add_recurring();
  const std::string name = R"("name":"changed",)";
  EXPECT_EQ(patch("{" + name + R"("callback":{"url":"https://10.0.0.1"}})").code(), "invalid_callback_url");
  EXPECT_EQ(patch("{" + name + R"("payload":{"a":"\u0000"}})").code(), "invalid_payload");
  EXPECT_EQ(patch("{" + name + R"("on_failure":{"webhook":"https://[::]/"}})").code(), "invalid_callback_url");
  EXPECT_EQ(patch("{" + name + R"("schedule":{"type":"recurring","cron":"bad"}})").code(), "invalid_schedule");
  EXPECT_EQ(patch("{" + name + R"("schedule":{"type":"weekly"}})").code(), "invalid_schedule");
  EXPECT_EQ(patch("{" + name + R"("schedule":{"type":"once","at":"2020-01-01"}})").code(), "invalid_schedule");
  const auto zone = patch("{" + name + R"("schedule":{"type":"recurring","cron":"@daily","timezone":"X"}})");
  EXPECT_EQ(zone.status, 422);
  EXPECT_EQ(zone.code(), "invalid_timezone");
  EXPECT_EQ(of_cue("name"), "name of cue_a");
}

TEST_F(patch_cue, the_url_of_a_worker_cue_is_judged_like_any_other) {
  add_worker_cue("cue_a");
  EXPECT_EQ(patch(R"({"callback":{"url":"https://127.0.0.1:1"}})").code(), "invalid_callback_url");
  EXPECT_EQ(patch(R"({"callback":{"url":"https://93.184.216.34"}})")["callback.url"], "\"https://93.184.216.34/\"");
}

TEST_F(patch_cue, a_taken_name_is_a_conflict) {
  add_cue("cue_a");
  add_cue("cue_b", {{"name", "'taken'"}});
  EXPECT_EQ(patch(R"({"name":"taken"})").code(), "duplicate_cue_name");
}

// -- schedule and status -------------------------------------------------

TEST_F(patch_cue, a_new_schedule_replaces_the_old_one_with_all_it_had) {
  add_cue("cue_a", {{"schedule_cron", "'0 9 * * *'"}, {"schedule_timezone", "'Asia/Tokyo'"}});
  const auto once = patch(R"({"schedule":{"type":"once","at":"2026-12-01T00:00:00Z","cron":"@daily"}})");
  EXPECT_EQ(once["schedule"], R"({"type":"once","timezone":"UTC","at":"2026-12-01T00:00:00+00:00"})");
  EXPECT_EQ(once["next_run"], "\"2026-12-01T00:00:00Z\"");
  const auto recurring = patch(R"({"schedule":{"type":"recurring","cron":"0 9 * * *","at":"2026-12-01"}})");
  EXPECT_EQ(recurring["schedule"], R"({"type":"recurring","timezone":"UTC","cron":"0 9 * * *"})");
  EXPECT_EQ(recurring["next_run"], "\"2026-11-25T09:00:00Z\"");
}

TEST_F(patch_cue, a_paused_cue_has_no_next_run_until_it_is_resumed) {
  add_recurring();
  const auto paused = patch(R"({"status":"paused"})");
  EXPECT_EQ(paused["status"], "\"paused\"");
  EXPECT_EQ(paused["next_run"], "null");
  EXPECT_EQ(patch(R"({"schedule":{"type":"recurring","cron":"0 10 * * *"}})")["next_run"], "null");
  const auto resumed = patch(R"({"status":"active"})");
  EXPECT_EQ(resumed["status"], "\"active\"");
  EXPECT_EQ(resumed["next_run"], "\"2026-11-25T10:00:00Z\"");
}

TEST_F(patch_cue, schedule_and_status_may_change_together) {
  add_recurring("failed");
  EXPECT_EQ(patch(R"({"status":"active","schedule":{"type":"once","at":"2027-01-01"}})")["next_run"],
            "\"2027-01-01T00:00:00Z\"");
  EXPECT_EQ(patch(R"({"status":"paused","schedule":{"type":"once","at":"2027-01-02"}})")["next_run"], "null");
}

TEST_F(patch_cue, a_schedule_without_further_runs_cannot_be_resumed) {
  add_cue("cue_a", {{"schedule_cron", "'0 0 1 1 * 0 2026'"}, {"status", "'completed'"}});
  EXPECT_EQ(patch(R"({"status":"active"})").code(), "invalid_schedule");
  EXPECT_EQ(of_cue("status"), "completed");
}

TEST_F(patch_cue, a_recurring_cue_without_an_expression_can_be_resumed_all_the_same) {
  add_cue("cue_a", {{"schedule_cron", "NULL"}, {"status", "'paused'"}});
  EXPECT_EQ(patch(R"({"status":"active"})")["status"], "\"active\"");
}

// -- reviving a one-time cue ---------------------------------------------

TEST_F(patch_cue, a_one_time_cue_resumed_before_its_moment_waits_for_it) {
  add_once("paused", "2026-11-25 00:00:00+00");
  EXPECT_EQ(patch(R"({"status":"active"})")["next_run"], "\"2026-11-25T00:00:00Z\"");
}

TEST_F(patch_cue, a_moment_that_came_while_the_cue_was_paused_is_made_up_for) {
  add_once("paused", "2026-11-24 12:00:00+00");
  EXPECT_EQ(patch(R"({"status":"active"})")["next_run"], "\"2026-11-24T12:00:00Z\"");
}

TEST_F(patch_cue, a_one_time_cue_that_has_run_runs_again_now) {
  for (const auto status : {"completed", "failed"}) {
    database_.exec("DELETE FROM executions; DELETE FROM cues");
    add_once(status, "2026-11-24 00:01:00+00");
    add_execution(1, "cue_a", {{"status", "'success'"}});
    const auto revived = patch(R"({"status":"active"})");
    EXPECT_EQ(revived["status"], "\"active\"");
    EXPECT_EQ(revived["next_run"], "\"2026-11-24T13:00:00Z\"") << status;
  }
}

TEST_F(patch_cue, a_one_time_cue_whose_run_is_under_way_is_not_run_a_second_time) {
  add_once("active", "2026-11-24 00:01:00+00");
  add_execution(1, "cue_a", {{"status", "'delivering'"}});
  EXPECT_EQ(patch(R"({"status":"active"})")["next_run"], "null");
}
