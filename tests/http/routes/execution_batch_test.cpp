#include "tests/http/routes/execution_fixture.hpp"

using namespace cued;
using namespace cued::test;
using namespace std::chrono_literals;
using testing::_;
using testing::HasSubstr;

namespace {

class batch_routes : public execution_routes_test {
protected:
  void grant(actors::claim_grants won) {
    EXPECT_CALL(api_.engine, claim_many(_, _, _))
        .WillOnce([this, won = std::move(won)](actors::claim_request wanted, std::size_t at_most, auto reply) {
          wanted_ = wanted;
          at_most_ = at_most;
          reply(won);
        });
  }

  /// Records all but those on execution 9, which has an outcome already.
  void record() {
    EXPECT_CALL(api_.engine, report_outcomes(_, _))
        .WillRepeatedly([this](std::vector<actors::outcome_report> reports, auto reply) {
          actors::outcome_receipts receipts;
          for (const auto& one : reports)
            receipts.push_back(one.execution_id == execution_id(9)
                                   ? result<actors::outcome_receipt>{fail(409, "outcome_already_recorded", "Already")}
                                   : actors::outcome_receipt{"reported_success"});
          reports_ = std::move(reports);
          reply(std::move(receipts));
        });
  }

  static persistence::claimed_work work(int n) {
    return {execution_id(n), "cue_w", "name \"w\"", std::nullopt, instant{std::chrono::hours{1}}, R"({"n": 1.50})", 1};
  }

  called_routes::answer report(const std::string& outcomes) {
    return api_.post("/v1/executions/outcome-batch", R"({"outcomes":[)" + outcomes + "]}");
  }
  static std::string outcome(int n) { return R"({"execution_id":")" + execution_id(n) + R"(","success":true})"; }

  actors::claim_request wanted_;
  std::size_t at_most_ = 0;
  std::vector<actors::outcome_report> reports_;
};

} // namespace

TEST_F(batch_routes, what_is_claimed_is_shown_as_in_the_list_of_what_is_claimable) {
  auto second = work(2);
  second.task = "resize";
  second.attempts = 3;
  grant({{execution_id(1), work(1)}, {execution_id(2), second}});
  api_.settings.worker_claim_timeout_seconds = 600;
  const auto won = api_.post("/v1/executions/claim-batch", R"({"worker_id":"w1","max":5,"wait":2.5})");
  EXPECT_EQ(won.status, 200);
  EXPECT_EQ(won.body, R"({"claimed":2,"lease_seconds":600,"executions":[)"
                      R"({"execution_id":")" +
                          execution_id(1) +
                          R"(","cue_id":"cue_w","cue_name":"name \"w\"","task":null,)"
                          R"("scheduled_for":"1970-01-01T01:00:00Z","payload":{"n": 1.50},"attempt":0},)"
                          R"({"execution_id":")" +
                          execution_id(2) +
                          R"(","cue_id":"cue_w","cue_name":"name \"w\"","task":"resize",)"
                          R"("scheduled_for":"1970-01-01T01:00:00Z","payload":{"n": 1.50},"attempt":2}]})");
  EXPECT_EQ(wanted_.user_id, ada);
  EXPECT_EQ(wanted_.execution_id, "");
  EXPECT_EQ(wanted_.worker_id, "w1");
  EXPECT_EQ(wanted_.wait, 2500ms);
  EXPECT_TRUE(wanted_.with_work);
  EXPECT_EQ(at_most_, 5u);
}

TEST_F(batch_routes, nothing_to_claim_is_an_empty_list_and_a_hundred_are_asked_for_unless_said_otherwise) {
  grant({});
  const auto none = api_.post("/v1/executions/claim-batch", R"({"worker_id":"w1"})");
  EXPECT_EQ(none.status, 200);
  EXPECT_EQ(none.body, R"({"claimed":0,"lease_seconds":900,"executions":[]})");
  EXPECT_EQ(at_most_, 100u);
  EXPECT_EQ(wanted_.wait, 0ms);
}

TEST_F(batch_routes, a_claim_of_many_is_read_as_strictly_as_one_of_one) {
  for (const std::string body :
       {R"({})", R"({"worker_id":""})", R"({"worker_id":7})", R"({"worker_id":"w","max":0})",
        R"({"worker_id":"w","max":1001})", R"({"worker_id":"w","max":1.5})", R"({"worker_id":"w","max":null})",
        R"({"worker_id":"w","wait":31})", R"([])", R"(null)"})
    EXPECT_EQ(api_.post("/v1/executions/claim-batch", body).status, 422) << body;
  EXPECT_EQ(api_.post("/v1/executions/claim-batch").status, 422);
}

TEST_F(batch_routes, a_claim_of_many_that_won_nothing_because_a_shard_failed_is_a_503) {
  EXPECT_CALL(api_.engine, claim_many(_, _, _)).WillOnce([](auto, auto, auto) {});
  EXPECT_EQ(api_.post("/v1/executions/claim-batch", R"({"worker_id":"w1"})").status, 503);
}

TEST_F(batch_routes, each_outcome_is_answered_in_the_order_in_which_it_was_sent) {
  record();
  const auto said = report(outcome(1) + R"(,{"success":true},)" + outcome(9) + R"(,7,{"execution_id":"nonsense",)" +
                           R"("success":true},)" + outcome(3));
  EXPECT_EQ(said.status, 200);
  const std::string required = R"("error":{"code":"validation_error","message":"body.outcomes.1.execution_id: Field )"
                               R"(required","status":422,"details":[{"field":"body.outcomes.1.execution_id",)"
                               R"("message":"Field required"}]})";
  const std::string no_object = "body.outcomes.3: Input should be a valid dictionary or object to extract fields from";
  const auto recorded = [](int n) {
    return R"({"execution_id":")" + execution_id(n) +
           R"(","outcome_recorded":true,"outcome_state":"reported_success","reason":null})";
  };
  EXPECT_EQ(said.body, R"({"results":[)" + recorded(1) + R"(,{"execution_id":null,"outcome_recorded":false,)" +
                           required + R"(},{"execution_id":")" + execution_id(9) +
                           R"(","outcome_recorded":false,"error":{"code":"outcome_already_recorded",)"
                           R"("message":"Already","status":409}},{"execution_id":null,"outcome_recorded":false,)"
                           R"("error":{"code":"validation_error","message":")" +
                           no_object + R"(","status":422,"details":[{"field":"body.outcomes.3","message":)" +
                           text(no_object.substr(no_object.find(": ") + 2)) +
                           R"(}]}},{"execution_id":"nonsense","outcome_recorded":false,"error":{"code":)"
                           R"("execution_not_found","message":"Execution not found","status":404}},)" +
                           recorded(3) + "]}");
  ASSERT_EQ(reports_.size(), 3u);
  EXPECT_EQ(reports_[0].user_id, ada);
  EXPECT_EQ(reports_[2].execution_id, execution_id(3));
}

TEST_F(batch_routes, an_outcome_of_many_is_read_like_one_that_comes_alone) {
  record();
  const auto said =
      report(R"({"execution_id":"00000000000040008000000000000001","success":"no","result":"r","error":"e",)"
             R"("metadata":{"a":1},"external_id":"x","result_url":"HTTPS://Example.com","result_ref":"",)"
             R"("result_type":"t","summary":"s","artifacts":[1],"unknown":true})");
  EXPECT_THAT(said.body, HasSubstr(R"("execution_id":"00000000000040008000000000000001","outcome_recorded":true)"));
  ASSERT_EQ(reports_.size(), 1u);
  const auto& one = reports_.front();
  EXPECT_EQ(one.execution_id, execution_id(1));
  EXPECT_FALSE(one.success);
  EXPECT_EQ(one.metadata_json, R"({"a":1})");
  EXPECT_EQ(one.result_url, "https://example.com/");
  EXPECT_EQ(one.result_ref, std::nullopt);
  EXPECT_EQ(one.artifacts_json, "[1]");
}

TEST_F(batch_routes, an_id_that_no_answer_can_repeat_is_shown_as_null) {
  record();
  EXPECT_THAT(report(R"({"execution_id":"\ud800","success":true})").body,
              HasSubstr(R"("execution_id":null,"outcome_recorded":false,"error":{"code":"validation_error")"));
  EXPECT_THAT(report(R"({"execution_id":"a\u0000b","success":true})").body,
              HasSubstr(R"("execution_id":"a\u0000b","outcome_recorded":false,"error":{"code":"validation_error")"));
  EXPECT_TRUE(reports_.empty());
}

TEST_F(batch_routes, a_body_of_another_shape_is_refused_as_a_whole) {
  for (const std::string body : {R"({})", R"({"outcomes":null})", R"({"outcomes":{}})", R"({"outcomes":[]})", R"([])"})
    EXPECT_EQ(api_.post("/v1/executions/outcome-batch", body).code(), "validation_error") << body;
  std::string many = outcome(1);
  for (int i = 1; i < 1000; ++i)
    many += "," + outcome(1);
  EXPECT_EQ(report(many + "," + outcome(1)).status, 422);
  record();
  EXPECT_EQ(report(many).status, 200);
  EXPECT_EQ(reports_.size(), 1000u);
}

TEST_F(batch_routes, an_engine_that_never_answers_is_a_503_for_all_outcomes) {
  EXPECT_CALL(api_.engine, report_outcomes(_, _)).WillOnce([](auto, auto) {});
  EXPECT_EQ(report(outcome(1)).status, 503);
}

TEST_F(batch_routes, the_names_of_the_batch_routes_are_no_ids) {
  grant({});
  EXPECT_EQ(api_.post("/v1/executions/claim-batch", R"({"worker_id":"w1"})").status, 200);
  for (const std::string name : {"claim-batch", "outcome-batch"}) // no other method has them
    EXPECT_EQ(api_.get("/v1/executions/" + name).status, api_.get("/v1/executions/claim").status);
}
