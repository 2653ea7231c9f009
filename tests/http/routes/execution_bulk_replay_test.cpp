#include "tests/http/routes/execution_fixture.hpp"

using namespace cued;
using namespace cued::test;
using testing::_;

namespace {

class bulk_replay_route : public execution_routes_test {
protected:
  bulk_replay_route() {
    add_cue("cue_a");
    add_worker_cue("cue_w");
    add_execution(1, "cue_a", {{"status", "'failed'"}});
    add_execution(2, "cue_w", {{"status", "'missed'"}});
    add_execution(3, "cue_a", {{"status", "'success'"}});
  }

  called_routes::answer replay(std::optional<std::string> body = {}) {
    return api_.post("/v1/executions/replay", std::move(body));
  }
};

} // namespace

TEST_F(bulk_replay_route, without_a_body_all_that_ended_badly_runs_again) {
  EXPECT_CALL(api_.engine, execution_created(ada, _, true, now_));
  EXPECT_CALL(api_.engine, execution_created(ada, _, false, now_ + std::chrono::microseconds{1}));
  const auto done = replay();
  EXPECT_EQ(done.status, 200);
  EXPECT_EQ(done["matched"], "2");
  EXPECT_EQ(done["replayed"], "2");
  EXPECT_EQ(done["dry_run"], "false");
  EXPECT_EQ(done["has_more"], "false");
  EXPECT_EQ(database_.value("SELECT count(*) FROM executions WHERE triggered_by = 'replay'"), "2");
}

TEST_F(bulk_replay_route, a_dry_run_tells_what_would_run) {
  const auto found = replay(R"({"dry_run":true,"limit":1})");
  EXPECT_EQ(found.body, R"({"matched":2,"replayed":0,"dry_run":true,"executions":[{"execution_id":")" +
                            execution_id(1) +
                            R"(","replay_id":null,"cue_id":"cue_a","scheduled_for":"2026-11-24T00:01:00Z",)"
                            R"("status":"failed"}],"has_more":true})");
  EXPECT_EQ(database_.value("SELECT count(*) FROM executions"), "3");
}

TEST_F(bulk_replay_route, the_filter_narrows) {
  const auto matched = [&](const std::string& members) {
    return replay(R"({"dry_run":true,)" + members + "}")["matched"];
  };
  EXPECT_EQ(matched(R"("status":"success")"), "1");
  EXPECT_EQ(matched(R"("status":["success","failed"])"), "2");
  EXPECT_EQ(matched(R"("status":null)"), "2");
  EXPECT_EQ(matched(R"("cue_id":"cue_w")"), "1");
  EXPECT_EQ(matched(R"("cue_id":"cue_nobody")"), "0");
  EXPECT_EQ(matched(R"("from":"2026-11-24T00:02:00Z")"), "1");
  EXPECT_EQ(matched(R"("to":"2026-11-24T00:02:00Z")"), "1");
  EXPECT_EQ(matched(R"("after":")" + execution_id(1) + "\""), "1");
}

TEST_F(bulk_replay_route, what_makes_no_sense_is_refused) {
  for (const std::string body :
       {R"({"status":"pending"})", R"({"status":[]})", R"({"status":["failed",7]})", R"({"limit":0})",
        R"({"limit":1001})", R"({"from":"yesterday"})", R"({"dry_run":"perhaps"})", R"({"after":"x"})", "[]"})
    EXPECT_EQ(replay(body).status, 422) << body;
}
