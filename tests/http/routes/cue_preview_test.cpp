#include "domain/timestamp.hpp"
#include "tests/http/routes/cue_fixture.hpp"

using namespace cued;
using namespace cued::test;

namespace {

class preview_routes : public cue_routes_test {
protected:
  called_routes::answer preview(const std::string& schedule, const std::string& more = "") {
    return api_.post("/v1/cues/preview", R"({"schedule":)" + schedule + more + "}");
  }
};

class bulk_delete_route : public cue_routes_test {
protected:
  called_routes::answer remove(const std::string& body, const std::string& confirmed = "true") {
    return api_.post("/v1/cues/bulk-delete", body, {{"X-Confirm-Destructive", confirmed}});
  }
};

} // namespace

TEST_F(preview_routes, a_cue_shows_its_next_runs_in_its_zone) {
  add_cue("cue_a", {{"schedule_cron", "'30 2 * * *'"}, {"schedule_timezone", "'Europe/Berlin'"}});
  api_.clock.set(parse_timestamp("2026-03-28T12:00:00Z")->at);
  const auto next = api_.get("/v1/cues/cue_a/next?n=2");
  EXPECT_EQ(next.status, 200);
  EXPECT_EQ(next.body, R"({"cue_id":"cue_a","timezone":"Europe/Berlin","next":[)"
                       R"({"at":"2026-03-29T01:00:00Z","local":"2026-03-29T03:00:00+02:00",)"
                       R"("note":"02:30 does not exist on 2026-03-29, when the clock goes from 02:00 to 03:00; )"
                       R"(this run takes its place"},)"
                       R"({"at":"2026-03-30T00:30:00Z","local":"2026-03-30T02:30:00+02:00","note":null}]})");
}

TEST_F(preview_routes, a_paused_cue_shows_what_it_would_do) {
  add_cue("cue_a", {{"schedule_cron", "'0 * * * *'"}, {"status", "'paused'"}, {"next_run", "NULL"}});
  EXPECT_THAT(api_.get("/v1/cues/cue_a/next?n=1").body, testing::HasSubstr("2026-11-24T14:00:00Z"));
}

TEST_F(preview_routes, a_one_time_cue_whose_moment_has_come_has_no_next_run) {
  add_cue("cue_a", {{"schedule_type", "'once'"}, {"schedule_at", "timestamptz '2026-11-24 12:00:00+00'"}});
  EXPECT_EQ(api_.get("/v1/cues/cue_a/next")["next"], "[]");
}

TEST_F(preview_routes, only_the_callers_cues_are_there_and_n_has_its_limits) {
  add_cue("cue_b", {{"user_id", quoted(bob)}});
  EXPECT_EQ(api_.get("/v1/cues/cue_b/next").code(), "cue_not_found");
  for (const std::string n : {"0", "101", "x"})
    EXPECT_EQ(api_.get("/v1/cues/cue_b/next?n=" + n).status, 422) << n;
}

TEST_F(preview_routes, a_schedule_is_previewed_without_being_stored) {
  const auto next = preview(R"({"type":"recurring","cron":"0 9 * * *"})", R"(,"n":1)");
  EXPECT_EQ(next.status, 200);
  EXPECT_EQ(next.body, R"({"timezone":"UTC","next":[)"
                       R"({"at":"2026-11-25T09:00:00Z","local":"2026-11-25T09:00:00+00:00","note":null}]})");
  EXPECT_EQ(count("cues"), "0");
}

TEST_F(preview_routes, a_schedule_is_judged_as_at_create) {
  EXPECT_EQ(preview(R"({"type":"recurring","cron":"nonsense"})").code(), "invalid_schedule");
  EXPECT_EQ(preview(R"({"type":"once","at":"2020-01-01T00:00:00Z"})").code(), "invalid_schedule");
  EXPECT_EQ(preview(R"({"type":"recurring","cron":"0 9 * * *","timezone":"Mars/Phobos"})").code(), "invalid_timezone");
  EXPECT_EQ(preview(R"({"cron":"0 9 * * *"})").status, 422);
  EXPECT_EQ(preview(R"({"type":"recurring","cron":"0 9 * * *"})", R"(,"n":101)").status, 422);
  EXPECT_EQ(api_.post("/v1/cues/preview", "{}").status, 422);
}

TEST_F(bulk_delete_route, each_cue_goes_for_itself_in_order) {
  add_cue("cue_a");
  add_cue("cue_b", {{"user_id", quoted(bob)}});
  add_cue("cue_c");
  add_execution(1, "cue_c");
  const auto done = remove(R"({"ids":["cue_c","cue_b","cue_x","cue_a","cue_a"]})");
  EXPECT_EQ(done.status, 200);
  EXPECT_EQ(done.body, R"({"deleted":["cue_c","cue_a"],"skipped":["cue_b","cue_x","cue_a"]})");
  EXPECT_EQ(of_cue("id"), "cue_b");
  EXPECT_EQ(count("executions"), "0");
}

TEST_F(bulk_delete_route, it_must_be_confirmed) {
  add_cue("cue_a");
  EXPECT_EQ(remove(R"({"ids":["cue_a"]})", "yes").code(), "confirmation_required");
  EXPECT_EQ(count("cues"), "1");
}

TEST_F(bulk_delete_route, one_to_a_hundred_ids_are_taken) {
  std::string many;
  for (int i = 0; i < 101; ++i)
    many += (i ? "," : "") + std::string{"\"cue_a\""};
  for (const std::string& body : {std::string{R"({"ids":[]})"}, "{\"ids\":[" + many + "]}", std::string{"{}"},
                                  std::string{R"({"ids":null})"}, std::string{R"({"ids":[7]})"}})
    EXPECT_EQ(remove(body).status, 422) << body.substr(0, 40);
}
