#include "tests/http/routes/execution_fixture.hpp"

using namespace cued;
using namespace cued::test;
using namespace std::chrono_literals;
using testing::_;

namespace {

class claim_routes : public execution_routes_test {
protected:
  void grant(const std::string& id) {
    EXPECT_CALL(api_.engine, claim(_, _)).WillOnce([this, id](actors::claim_request wanted, auto reply) {
      wanted_ = wanted;
      reply(actors::claim_grant{id});
    });
  }

  actors::claim_request wanted_;
};

} // namespace

TEST_F(claim_routes, claimable_shows_what_the_worker_needs) {
  add_worker_cue("cue_w", R"({"task": "resize", "agent": "ann"})");
  add_execution(1, "cue_w");
  const std::string item = R"({"execution_id":")" + execution_id(1) +
                           R"(","cue_id":"cue_w","cue_name":"name of cue_w","task":"resize",)"
                           R"("scheduled_for":"2026-11-24T00:01:00Z","payload":{"task": "resize", "agent": "ann"},)"
                           R"("attempt":0})";
  for (const std::string query : {"", "?task=resize", "?task=", "?agent=ann", "?task=resize&agent=ann"})
    EXPECT_EQ(api_.get("/v1/executions/claimable" + query).body, R"({"executions":[)" + item + "]}") << query;
  for (const std::string query : {"?task=other", "?agent=bob"})
    EXPECT_EQ(api_.get("/v1/executions/claimable" + query).body, R"({"executions":[]})") << query;
}

TEST_F(claim_routes, a_grant_tells_how_long_it_lasts) {
  grant(execution_id(1));
  api_.settings.worker_claim_timeout_seconds = 600;
  const auto won = api_.post("/v1/executions/00000000000040008000000000000001/claim", R"({"worker_id":"w1"})");
  EXPECT_EQ(won.status, 200);
  EXPECT_EQ(won.body, R"({"claimed":true,"execution_id":")" + execution_id(1) + R"(","lease_seconds":600})");
  EXPECT_EQ(wanted_.user_id, ada);
  EXPECT_EQ(wanted_.execution_id, execution_id(1));
  EXPECT_EQ(wanted_.worker_id, "w1");
}

TEST_F(claim_routes, claim_next_leaves_the_choice_to_the_engine) {
  grant(execution_id(7));
  const auto won = api_.post("/v1/executions/claim", R"({"worker_id":"w1"})");
  EXPECT_EQ(won["execution_id"], text(execution_id(7)));
  EXPECT_EQ(wanted_.execution_id, "");
}

TEST_F(claim_routes, claim_next_may_wait_for_up_to_half_a_minute) {
  for (const auto& [wait, expected] : std::vector<std::pair<std::string, std::chrono::milliseconds>>{
           {"0", 0ms}, {"30", 30s}, {"0.25", 250ms}, {"1e1", 10s}, {"null", 0ms}}) {
    grant(execution_id(7));
    EXPECT_EQ(api_.post("/v1/executions/claim", R"({"worker_id":"w1","wait":)" + wait + "}").status, 200) << wait;
    EXPECT_EQ(wanted_.wait, expected) << wait;
  }
  for (const std::string wait : {"-1", "30.01", "1e300", "true", R"("5")", "[1]"})
    EXPECT_EQ(api_.post("/v1/executions/claim", R"({"worker_id":"w1","wait":)" + wait + "}").status, 422) << wait;
}

TEST_F(claim_routes, claimable_answers_at_once_when_there_is_something) {
  add_worker_cue("cue_w");
  add_execution(1, "cue_w");
  EXPECT_CALL(api_.engine, wait_ready(ada, testing::Eq(std::nullopt), _, _))
      .WillOnce([](const auto&, auto, auto, auto reply) { reply(1); });
  EXPECT_THAT(api_.get("/v1/executions/claimable?wait=20").body, testing::HasSubstr(execution_id(1)));
}

TEST_F(claim_routes, claimable_looks_again_when_there_is_news) {
  add_worker_cue("cue_w");
  const testing::InSequence in_order;
  EXPECT_CALL(api_.engine, wait_ready(ada, testing::Eq(std::nullopt), _, _))
      .WillOnce([](const auto&, auto, auto, auto reply) { reply(7); });
  EXPECT_CALL(api_.engine, wait_ready(ada, testing::Optional(7), _, _))
      .WillOnce([&](const auto&, auto, auto, auto reply) {
        add_execution(1, "cue_w");
        reply(8);
      });
  EXPECT_THAT(api_.get("/v1/executions/claimable?wait=20").body, testing::HasSubstr(execution_id(1)));
}

TEST_F(claim_routes, claimable_is_empty_when_the_time_is_up) {
  EXPECT_CALL(api_.engine, wait_ready(ada, _, _, _)).Times(2).WillRepeatedly([](const auto&, auto, auto, auto reply) {
    reply(7);
  });
  EXPECT_EQ(api_.get("/v1/executions/claimable?wait=20").body, R"({"executions":[]})");
  for (const std::string wait : {"-1", "31", "soon", ""})
    EXPECT_EQ(api_.get("/v1/executions/claimable?wait=" + wait).status, 422) << wait;
}

TEST_F(claim_routes, a_lost_claim_is_a_conflict) {
  EXPECT_CALL(api_.engine, claim(_, _)).WillOnce([](const auto&, auto reply) {
    reply(fail(409, "claim_failed", "taken"));
  });
  const auto lost = api_.post(path_ + "/claim", R"({"worker_id":"w1"})");
  EXPECT_EQ(lost.status, 409);
  EXPECT_EQ(lost.code(), "claim_failed");
}

TEST_F(claim_routes, an_engine_that_never_answers_is_a_503) {
  EXPECT_CALL(api_.engine, claim(_, _)).WillOnce([](const auto&, auto) {});
  EXPECT_EQ(api_.post(path_ + "/claim", R"({"worker_id":"w1"})").status, 503);
}

TEST_F(claim_routes, a_claim_needs_the_name_of_a_worker) {
  for (const std::string& body :
       {std::string{R"({})"}, std::string{R"({"worker_id":null})"}, std::string{R"({"worker_id":""})"},
        std::string{R"({"worker_id":7})"}, std::string{R"({"worker_id":"a\u0000b"})"}, std::string{"[]"},
        std::string{"null"}, R"({"worker_id":")" + std::string(256, 'w') + "\"}"}) {
    EXPECT_EQ(api_.post(path_ + "/claim", body).status, 422) << body;
    EXPECT_EQ(api_.post("/v1/executions/claim", body).status, 422) << body;
  }
  EXPECT_EQ(api_.post(path_ + "/claim").status, 422);
  EXPECT_EQ(api_.post("/v1/executions/claim").status, 422);
}

TEST_F(claim_routes, a_heartbeat_extends_the_lease_from_now) {
  add_worker_cue("cue_w");
  add_execution(1, "cue_w", {{"status", "'delivering'"}, {"claimed_by_worker", "'w1'"}});
  const auto alive =
      api_.post("/v1/executions/00000000000040008000000000000001/heartbeat", {}, {{"x-worker-id", "w1"}});
  EXPECT_EQ(alive.status, 200);
  EXPECT_EQ(alive.body, R"({"execution_id":"00000000000040008000000000000001",)"
                        R"("lease_extended_until":"2026-11-24T13:15:00+00:00","acknowledged":true})");
  EXPECT_EQ(column(1, "last_heartbeat_at"), "2026-11-24 13:00:00+00");
  EXPECT_EQ(api_.post(path_ + "/heartbeat", {}, {{"X-Worker-Id", ""}}).status, 200);
  EXPECT_EQ(api_.post(path_ + "/heartbeat").status, 200);
  EXPECT_EQ(api_.post(path_ + "/heartbeat", {}, {{"X-Worker-Id", "w2"}}).code(), "not_execution_owner");
}

TEST_F(claim_routes, a_live_claim_is_idempotent_for_its_token) {
  add_worker_cue("cue_w");
  add_execution(1, "cue_w");
  const auto first = api_.post(path_ + "/live-claim", R"({"session_token":"t"})");
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.body, R"({"attested":true,"execution_id":")" + execution_id(1) +
                            R"(","live_claimed_at":"2026-11-24T13:00:00Z"})");
  api_.clock.set(now_ + 1min);
  EXPECT_EQ(api_.post(path_ + "/live-claim", R"({"session_token":"t"})").body, first.body);
  EXPECT_EQ(api_.post(path_ + "/live-claim", R"({"session_token":""})").code(), "already_attested");
  EXPECT_EQ(api_.post(path_ + "/live-claim", R"({"session_token":")" + std::string(129, 't') + "\"}").status, 422);
  EXPECT_EQ(api_.post(path_ + "/live-claim", "{}").status, 422);
}
