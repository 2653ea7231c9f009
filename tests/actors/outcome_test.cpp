#include "tests/actors/engine_fixture.hpp"

namespace cued::test {
namespace {

class outcomes : public engine_test {
protected:
  std::future<result<actors::outcome_receipts>> report_many(const std::vector<std::string>& ids) {
    std::vector<actors::outcome_report> reports;
    for (const auto& id : ids) {
      reports.emplace_back();
      reports.back().user_id = "ann";
      reports.back().execution_id = id;
      reports.back().success = true;
    }
    auto promise = std::make_shared<std::promise<result<actors::outcome_receipts>>>();
    engine().report_outcomes(std::move(reports), actors::reply<actors::outcome_receipts>{[promise](auto receipts) {
                               promise->set_value(std::move(receipts));
                             }});
    return promise->get_future();
  }

  static std::string code_of(const result<actors::outcome_receipt>& one) {
    return one ? one->outcome_state : one.error().code;
  }
};

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

TEST_F(outcomes, each_of_many_is_judged_on_its_own_and_answered_in_order) {
  add_ready("e1");
  add_ready("e2");
  add_ready("e3");
  add_ready("foreign", "bob");
  ASSERT_TRUE(report("ann", "e2").get());
  const auto receipts = report_many({"e1", "unknown", "e2", "foreign", "e3", "e1"}).get().value();
  std::vector<std::string> codes;
  std::ranges::transform(receipts, std::back_inserter(codes), code_of);
  EXPECT_THAT(codes, testing::ElementsAre("reported_success", "execution_not_found", "outcome_already_recorded",
                                          "execution_not_found", "reported_success", "outcome_already_recorded"));
  EXPECT_FALSE(world.find("foreign").outcome);
}

TEST_F(outcomes, of_many_those_of_a_shard_that_dies_are_503_and_the_others_are_recorded) {
  std::vector<std::string> ids;
  for (int i = 0; i < 40; ++i) {
    ids.push_back("e" + std::to_string(i));
    add_ready(ids.back());
  }
  engine();
  world.throw_at("record_outcomes", 1);
  const auto receipts = report_many(ids).get().value();
  int recorded = 0;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    recorded += receipts[i].has_value();
    EXPECT_EQ(world.find(ids[i]).outcome.has_value(), receipts[i].has_value());
    if (!receipts[i]) {
      EXPECT_EQ(receipts[i].error().status, 503);
    }
  }
  EXPECT_GT(recorded, 0);
  EXPECT_LT(recorded, 40);
}

TEST_F(outcomes, of_no_reports_nothing_comes) { EXPECT_THAT(report_many({}).get().value(), testing::IsEmpty()); }

} // namespace
} // namespace cued::test
