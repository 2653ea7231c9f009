#include "tests/http/routes/execution_fixture.hpp"

using namespace cued;
using namespace cued::test;
using namespace std::chrono_literals;
using testing::_;

namespace {

class execution_routes : public execution_routes_test {};

} // namespace

TEST_F(execution_routes, the_list_says_where_in_the_whole_it_is) {
  add_cue("cue_a");
  add_execution(1, "cue_a", {{"claimed_at", "'2026-11-24 05:00:00+00'"}});
  add_execution(2, "cue_a");
  add_execution(3, "cue_a");
  const auto all = api_.get("/v1/executions");
  EXPECT_EQ(all.status, 200);
  EXPECT_EQ(all["total"], "3");
  EXPECT_EQ(all["limit"], "20");
  EXPECT_EQ(all["offset"], "0");
  EXPECT_EQ(all["has_more"], "false");
  EXPECT_EQ(all["oldest_claimed_at"], R"("2026-11-24T05:00:00+00:00")");
  EXPECT_EQ(api_.get("/v1/executions?limit=2")["has_more"], "true");
  EXPECT_EQ(api_.get("/v1/executions?limit=2&offset=1")["has_more"], "false");
  EXPECT_EQ(api_.get("/v1/executions?offset=9223372036854775807")["has_more"], "false");
}

TEST_F(execution_routes, an_empty_list_has_no_oldest_claim) {
  const auto none = api_.get("/v1/executions");
  EXPECT_EQ(none.body,
            R"({"executions":[],"total":0,"limit":20,"offset":0,"has_more":false,"oldest_claimed_at":null})");
}

TEST_F(execution_routes, the_list_is_filtered_by_what_is_asked_for) {
  add_cue("cue_a");
  add_cue("cue_b");
  add_execution(1, "cue_a", {{"status", "'success'"}, {"claimed_by_worker", "'w1'"}});
  add_execution(2, "cue_a", {{"status", "'failed'"}, {"outcome_state", "'reported_failure'"}});
  add_execution(3, "cue_b", {{"triggered_by", "'replay'"}, {"evidence_result_type", "'pdf'"}});
  const auto total = [&](const std::string& query) { return api_.get("/v1/executions?" + query)["total"]; };
  EXPECT_EQ(total("cue_id=cue_a"), "2");
  EXPECT_EQ(total("status=failed"), "1");
  EXPECT_EQ(total("status=nonsense"), "0");
  EXPECT_EQ(total("status__in=%20success%20,,failed"), "2");
  EXPECT_EQ(total("worker_id=w1"), "1");
  EXPECT_EQ(total("outcome_state=reported_failure"), "1");
  EXPECT_EQ(total("triggered_by=replay"), "1");
  EXPECT_EQ(total("result_type=pdf"), "1");
  EXPECT_EQ(total("has_evidence=true"), "1");
  EXPECT_EQ(total("has_evidence=no"), "2");
  EXPECT_EQ(total("cue_id=&status=&status__in=&worker_id=&outcome_state=&triggered_by=&result_type=&has_evidence="),
            "3");
}

TEST_F(execution_routes, filters_that_contradict_themselves_are_refused) {
  EXPECT_EQ(api_.get("/v1/executions?status=failed&status__in=failed").code(), "conflicting_filters");
  EXPECT_EQ(api_.get("/v1/executions?status__in=,%20,").code(), "invalid_status_in");
  EXPECT_EQ(api_.get("/v1/executions?status__in=,%20,").status, 400);
}

TEST_F(execution_routes, a_page_outside_its_bounds_is_refused) {
  for (const std::string query : {"limit=0", "limit=101", "limit=", "limit=x", "offset=-1",
                                  "offset=9223372036854775808", "has_evidence=perhaps", "status=%00"}) {
    const auto refused = api_.get("/v1/executions?" + query);
    EXPECT_EQ(refused.status, 422) << query;
    EXPECT_EQ(refused.code(), "validation_error") << query;
  }
}

TEST_F(execution_routes, one_execution_is_found_by_any_spelling_of_its_id) {
  add_cue("cue_a");
  add_execution(1, "cue_a");
  for (const std::string id : {"00000000-0000-4000-8000-000000000001", "00000000000040008000000000000001",
                               "%7B00000000-0000-4000-8000-000000000001%7D"}) {
    const auto found = api_.get("/v1/executions/" + id);
    EXPECT_EQ(found.status, 200) << id;
    EXPECT_EQ(found["id"], text(execution_id(1))) << id;
  }
}

TEST_F(execution_routes, an_id_that_is_no_uuid_is_not_found_on_any_route) {
  const std::string bad = "/v1/executions/not-a-uuid";
  EXPECT_EQ(api_.get(bad).code(), "execution_not_found");
  EXPECT_EQ(api_.post(bad + "/heartbeat").code(), "execution_not_found");
  EXPECT_EQ(api_.post(bad + "/replay").code(), "execution_not_found");
  EXPECT_EQ(api_.post(bad + "/verify", "{}").code(), "execution_not_found");
  EXPECT_EQ(api_.post(bad + "/verification-pending").code(), "execution_not_found");
  EXPECT_EQ(api_.post(bad + "/outcome", R"({"success":true})").code(), "execution_not_found");
  EXPECT_EQ(api_.patch(bad + "/evidence", "{}").code(), "execution_not_found");
  EXPECT_EQ(api_.post(bad + "/live-claim", R"({"session_token":"t"})").code(), "execution_not_found");
  EXPECT_EQ(api_.post(bad + "/claim", R"({"worker_id":"w"})").code(), "claim_failed");
}

TEST_F(execution_routes, a_single_execution_shows_its_artifacts) {
  add_cue("cue_a");
  add_execution(1, "cue_a", {{"outcome_recorded_at", "now()"}, {"evidence_artifacts", "'[1]'"}});
  EXPECT_EQ(api_.get(path_)["outcome.artifacts"], "[1]");
}

TEST_F(execution_routes, a_replay_is_handed_to_the_engine_after_its_commit) {
  add_cue("cue_a");
  add_execution(1, "cue_a", {{"status", "'failed'"}});
  std::string told, rows_when_told;
  EXPECT_CALL(api_.engine, execution_created(ada, _, true, now_))
      .WillOnce([&](const std::string&, const std::string& id, bool, instant) {
        told = id;
        rows_when_told = database_.value("SELECT count(*) FROM executions e JOIN dispatch_outbox o "
                                         "ON o.execution_id = e.id WHERE e.id = " +
                                         quoted(id));
      });
  const auto made = api_.post("/v1/executions/00000000000040008000000000000001/replay");
  EXPECT_EQ(made.status, 200);
  EXPECT_EQ(made["id"], text(told));
  EXPECT_EQ(made["execution_id"], text(told));
  EXPECT_EQ(made["cue_id"], R"("cue_a")");
  EXPECT_EQ(made["scheduled_for"], R"("2026-11-24T13:00:00+00:00")");
  EXPECT_EQ(made["status"], R"("pending")");
  EXPECT_EQ(made["triggered_by"], R"("replay")");
  EXPECT_EQ(made["replayed_from"], R"("00000000000040008000000000000001")");
  EXPECT_EQ(rows_when_told, "1");
}

TEST_F(execution_routes, what_still_runs_is_not_replayed) {
  add_cue("cue_a");
  add_execution(1, "cue_a", {{"status", "'delivering'"}});
  EXPECT_EQ(api_.post(path_ + "/replay").code(), "execution_in_flight");
}
