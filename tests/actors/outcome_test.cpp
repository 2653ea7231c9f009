#include "tests/actors/engine_fixture.hpp"

namespace cued::test {
namespace {

class outcomes : public engine_test {};

TEST_F(outcomes, of_many_reports_on_one_execution_the_first_is_recorded_and_the_others_are_refused) {
  add_ready("e1");
  std::vector<std::future<result<actors::outcome_receipt>>> answers;
  for (int i = 0; i < 50; ++i)
    answers.push_back(report("ann", "e1"));
  int recorded = 0;
  for (auto& a : answers) {
    const auto r = a.get();
    recorded += r.has_value();
    if (!r) {
      EXPECT_EQ(r.error().code, "outcome_already_recorded");
    }
  }
  EXPECT_EQ(recorded, 1);
}

TEST_F(outcomes, an_unknown_execution_and_a_foreign_one_are_answered_alike) {
  add_ready("e1", "ann");
  const auto foreign = report("bob", "e1").get(), missing = report("bob", "nope").get();
  ASSERT_FALSE(foreign);
  ASSERT_FALSE(missing);
  EXPECT_EQ(foreign.error().status, 404);
  EXPECT_EQ(foreign.error().code, missing.error().code);
  EXPECT_EQ(foreign.error().message, missing.error().message);
}

TEST_F(outcomes, the_state_follows_the_report) {
  add_ready("good");
  add_ready("bad");
  EXPECT_EQ(report("ann", "good", true).get()->outcome_state, "reported_success");
  EXPECT_EQ(report("ann", "bad", false).get()->outcome_state, "reported_failure");
}

} // namespace
} // namespace cued::test
