#include "tests/http/routes/execution_fixture.hpp"

using namespace cued;
using namespace cued::test;
using namespace std::chrono_literals;
using testing::_;

namespace {

class outcome_routes : public execution_routes_test {
protected:
  void accept(const std::string& outcome_state = "reported_success") {
    EXPECT_CALL(api_.engine, report_outcome(_, _))
        .WillRepeatedly([this, outcome_state](actors::outcome_report report, auto reply) {
          report_ = std::move(report);
          reply(actors::outcome_receipt{outcome_state});
        });
  }

  /// `{"success":true,<member>:"xx…"}` with `length` characters.
  static std::string with_text(const std::string& member, std::size_t length, const std::string& character = "x") {
    std::string body = R"({"success":true,")" + member + R"(":")";
    for (std::size_t i = 0; i < length; ++i)
      body += character;
    return body + "\"}";
  }

  actors::outcome_report report_;
};

} // namespace

TEST_F(outcome_routes, the_whole_report_reaches_the_engine) {
  accept("verified_success");
  const auto said = api_.post("/v1/executions/00000000000040008000000000000001/outcome",
                              R"({"success":true,"result":"done","error":"none","metadata":{"b":1.50,"a":"é"},)"
                              R"("external_id":"x-1","result_url":"HTTPS://Example.com","result_ref":"ref",)"
                              R"("result_type":"pdf","summary":"sum","artifacts":[{"name":"a"}],"unknown":1})");
  EXPECT_EQ(said.status, 200);
  EXPECT_EQ(said.body, R"({"execution_id":"00000000000040008000000000000001","outcome_recorded":true,)"
                       R"("outcome_state":"verified_success","reason":null})");
  EXPECT_EQ(report_.user_id, ada);
  EXPECT_EQ(report_.execution_id, execution_id(1));
  EXPECT_TRUE(report_.success);
  EXPECT_EQ(report_.result, "done");
  EXPECT_EQ(report_.error, "none");
  EXPECT_EQ(report_.metadata_json, R"({"b":1.50,"a":"é"})");
  EXPECT_FALSE(report_.metadata_too_large);
  EXPECT_EQ(report_.external_id, "x-1");
  EXPECT_EQ(report_.result_url, "https://example.com/");
  EXPECT_EQ(report_.result_ref, "ref");
  EXPECT_EQ(report_.result_type, "pdf");
  EXPECT_EQ(report_.summary, "sum");
  EXPECT_EQ(report_.artifacts_json, R"([{"name":"a"}])");
}

TEST_F(outcome_routes, what_is_empty_is_no_evidence) {
  accept();
  ASSERT_EQ(api_.post(path_ + "/outcome",
                      R"({"success":"no","result":"","metadata":null,"external_id":"","result_url":null,)"
                      R"("result_ref":"","result_type":"","summary":"","artifacts":[]})")
                .status,
            200);
  EXPECT_FALSE(report_.success);
  EXPECT_EQ(report_.result, "");
  EXPECT_EQ(report_.metadata_json, std::nullopt);
  EXPECT_EQ(report_.external_id, std::nullopt);
  EXPECT_EQ(report_.result_url, std::nullopt);
  EXPECT_EQ(report_.result_ref, std::nullopt);
  EXPECT_EQ(report_.result_type, std::nullopt);
  EXPECT_EQ(report_.summary, std::nullopt);
  EXPECT_EQ(report_.artifacts_json, std::nullopt);
}

TEST_F(outcome_routes, the_longest_texts_that_workers_send_are_taken_whole) {
  accept();
  for (const std::string member : {"result", "error"}) {
    EXPECT_EQ(api_.post(path_ + "/outcome", with_text(member, 8192, "é")).status, 200) << member;
    EXPECT_EQ(api_.post(path_ + "/outcome", with_text(member, 8193, "é")).status, 422) << member;
  }
  for (const auto& [member, length] : std::vector<std::pair<std::string, std::size_t>>{
           {"external_id", 500}, {"result_ref", 500}, {"result_type", 100}, {"summary", 500}}) {
    EXPECT_EQ(api_.post(path_ + "/outcome", with_text(member, length)).status, 200) << member;
    EXPECT_EQ(api_.post(path_ + "/outcome", with_text(member, length + 1)).status, 422) << member;
  }
}

TEST_F(outcome_routes, metadata_is_measured_in_spaced_ascii_and_judged_by_the_engine) {
  accept();
  const auto metadata = [](const std::string& value) {
    return R"({"success":true,"metadata":{"k":")" + value + R"("}})";
  };
  ASSERT_EQ(api_.post(path_ + "/outcome", metadata(std::string(10'231, 'x'))).status, 200);
  EXPECT_FALSE(report_.metadata_too_large); // {"k": "…"}: 9 characters around the value
  ASSERT_EQ(api_.post(path_ + "/outcome", metadata(std::string(10'232, 'x'))).status, 200);
  EXPECT_TRUE(report_.metadata_too_large);
  EXPECT_EQ(report_.metadata_json, std::nullopt);
  std::string accents;
  for (int i = 0; i < 1706; ++i)
    accents += "é"; // six characters each, escaped
  ASSERT_EQ(api_.post(path_ + "/outcome", metadata(accents)).status, 200);
  EXPECT_TRUE(report_.metadata_too_large);
}

TEST_F(outcome_routes, what_the_engine_refuses_is_refused) {
  for (const auto& [status, code] : std::vector<std::pair<int, std::string>>{
           {404, "execution_not_found"}, {409, "outcome_already_recorded"}, {400, "metadata_too_large"}}) {
    EXPECT_CALL(api_.engine, report_outcome(_, _)).WillOnce([&](const auto&, auto reply) {
      reply(fail(status, code, "no"));
    });
    const auto refused = api_.post(path_ + "/outcome", R"({"success":true})");
    EXPECT_EQ(refused.status, status);
    EXPECT_EQ(refused.code(), code);
  }
}

TEST_F(outcome_routes, a_report_that_is_none_never_reaches_the_engine) {
  for (const std::string body :
       {R"({})", R"({"success":null})", R"({"success":"perhaps"})", R"({"success":true,"result":7})",
        R"({"success":true,"metadata":[]})", R"({"success":true,"artifacts":{}})",
        R"({"success":true,"result_url":"ftp://x/"})", R"({"success":true,"result_url":"no url"})",
        R"({"success":true,"metadata":{"a":"\u0000"}})", "[]", "null"})
    EXPECT_EQ(api_.post(path_ + "/outcome", body).status, 422) << body;
  EXPECT_EQ(api_.post(path_ + "/outcome", R"({"success":)").code(), "invalid_json");
  EXPECT_EQ(api_.post(path_ + "/outcome").status, 422);
}

TEST_F(outcome_routes, evidence_is_applied_where_it_says_something) {
  add_cue("cue_a");
  add_execution(
      1, "cue_a",
      {{"outcome_recorded_at", "now()"}, {"evidence_external_id", "'kept'"}, {"evidence_artifacts", "'[9]'"}});
  const auto said =
      api_.patch(path_ + "/evidence", R"({"external_id":"","result_url":"no url","result_ref":null,"result_type":0,)"
                                      R"("summary":{"rows":12},"artifacts":[],"metadata":{"m":1},"unknown":true})");
  EXPECT_EQ(said.body, R"({"execution_id":")" + execution_id(1) + R"(","outcome_state":null,"evidence_updated":true})");
  EXPECT_EQ(column(1, "evidence_external_id"), "kept");
  EXPECT_EQ(column(1, "evidence_result_url"), "no url");
  EXPECT_EQ(column(1, "evidence_result_ref"), "");
  EXPECT_EQ(column(1, "evidence_result_type"), "");
  EXPECT_EQ(column(1, "evidence_summary"), R"({"rows":12})");
  EXPECT_EQ(column(1, "evidence_artifacts"), "[9]");
  EXPECT_EQ(column(1, "evidence_metadata"), R"({"m": 1})");
  EXPECT_EQ(api_.patch(path_ + "/evidence", "{}").status, 200);
}

TEST_F(outcome_routes, a_long_evidence_summary_is_cut_between_characters) {
  add_cue("cue_a");
  add_execution(1, "cue_a", {{"outcome_recorded_at", "now()"}});
  std::string long_one, cut;
  for (int i = 0; i < 501; ++i)
    long_one += "é";
  for (int i = 0; i < 500; ++i)
    cut += "é";
  EXPECT_EQ(api_.patch(path_ + "/evidence", R"({"summary":")" + long_one + "\"}").status, 200);
  EXPECT_EQ(column(1, "evidence_summary"), cut);
}

TEST_F(outcome_routes, evidence_of_the_wrong_kind_or_size_is_refused_on_its_field) {
  add_cue("cue_a");
  add_execution(1, "cue_a", {{"outcome_recorded_at", "now()"}});
  for (const std::string& body :
       {std::string{R"({"external_id":7})"}, std::string{R"({"result_url":["x"]})"},
        R"({"external_id":")" + std::string(501, 'x') + "\"}", R"({"result_type":")" + std::string(101, 'x') + "\"}",
        std::string{R"({"metadata":{"a":"\u0000"}})"}, std::string{"[]"}, std::string{"7"}, std::string{"null"}})
    EXPECT_EQ(api_.patch(path_ + "/evidence", body).status, 422) << body;
  EXPECT_EQ(api_.patch(path_ + "/evidence", std::nullopt).status, 422);
  const auto refused = api_.patch(path_ + "/evidence", R"({"external_id":7})");
  EXPECT_NE(refused.body.find(R"("field":"body.external_id")"), std::string::npos);
}
