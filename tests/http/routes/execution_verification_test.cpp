#include "tests/http/routes/execution_fixture.hpp"

using namespace cued;
using namespace cued::test;
using namespace std::chrono_literals;

namespace {

class verification_routes : public execution_routes_test {};

} // namespace

TEST_F(verification_routes, a_verdict_without_a_body_accepts) {
  add_cue("cue_a");
  for (const std::optional<std::string>& body :
       {std::optional<std::string>{}, std::optional<std::string>{"null"}, std::optional<std::string>{"{}"}}) {
    add_execution(1, "cue_a", {{"outcome_state", "'reported_success'"}});
    const auto said = api_.post("/v1/executions/00000000000040008000000000000001/verify", body);
    EXPECT_EQ(said.body, R"({"execution_id":"00000000000040008000000000000001","outcome_state":"verified_success",)"
                         R"("valid":true,"reason":null})");
    database_.exec("DELETE FROM executions");
  }
}

TEST_F(verification_routes, a_rejection_repeats_its_reason) {
  add_cue("cue_a");
  add_execution(1, "cue_a", {{"outcome_state", "'reported_success'"}});
  const auto said = api_.post(path_ + "/verify", R"({"valid":false,"reason":"wrong"})");
  EXPECT_EQ(said["outcome_state"], R"("verification_failed")");
  EXPECT_EQ(said["valid"], "false");
  EXPECT_EQ(said["reason"], R"("wrong")");
  EXPECT_EQ(column(1, "evidence_summary"), "wrong");
  const auto again = api_.post(path_ + "/verify", R"({"valid":false})");
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again.code(), "invalid_state");
}

TEST_F(verification_routes, a_verdict_that_is_neither_yes_nor_no_is_refused) {
  for (const std::string body : {R"({"valid":null})", R"({"valid":"perhaps"})", R"({"reason":1})", "[]"})
    EXPECT_EQ(api_.post(path_ + "/verify", body).status, 422) << body;
}

TEST_F(verification_routes, parking_needs_an_outcome_and_says_so_without_a_status_member) {
  add_cue("cue_a");
  add_execution(1, "cue_a");
  const auto refused = api_.post(path_ + "/verification-pending");
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.code(), "no_outcome");
  EXPECT_EQ(refused["error.status"], "");
  EXPECT_EQ(refused["detail.error.code"], R"("no_outcome")");
  database_.exec("UPDATE executions SET outcome_recorded_at = now(), outcome_state = 'verified_success'");
  const auto parked = api_.post(path_ + "/verification-pending");
  EXPECT_EQ(parked.body, R"({"execution_id":")" + execution_id(1) + R"(","outcome_state":"verification_pending"})");
}
