#include "http/routes/usage_json.hpp"

#include <gtest/gtest.h>

#include "domain/json/value.hpp"

using namespace cued;
using namespace std::chrono_literals;

namespace {

/// The day on which spec/alerts-usage.md §7 counts: the 24th of a month of 30 days.
const usage_month november = month_of(std::chrono::sys_days{std::chrono::year{2026} / 11 / 24} + 13h);

json::value answer(const persistence::usage_counts& counts, int monthly_execution_limit = 300) {
  principal caller;
  caller.plan = "pro";
  caller.monthly_execution_limit = monthly_execution_limit;
  caller.rate_limit_per_minute = 90;
  return json::parse(http::usage_json(caller, november, counts, 7)).value();
}

} // namespace

TEST(usage_json, has_every_member_that_clients_know) {
  persistence::usage_counts counts{3, 239, 20, 15, 6};
  EXPECT_EQ(json::compact(answer(counts)),
            R"({"plan":"pro","billing_period":{"start":"2026-11-01","end":"2026-11-30","days_remaining":6},)"
            R"("period":{"start":"2026-11-01","end":"2026-11-30"},)"
            R"("cues":{"used":3,"active":3,"limit":10,"remaining":7,"percent_used":30},)"
            R"("executions":{"used":239,"limit":300,"remaining":61,"percent_used":80,"percentage":79.7,)"
            R"("projected_month_end":299,"will_exceed_limit":false},)"
            R"("outcomes":{"reported":20,"succeeded":15,"failed":6},)"
            R"("rate_limit":{"requests_per_minute":90,"limit":90,"current_usage":7},)"
            R"("upgrade_url":"https://dashboard.cueapi.ai/billing"})");
}

TEST(usage_json, a_projection_that_meets_the_limit_exceeds_it) {
  const auto body = answer({0, 240, 0, 0, 0});
  EXPECT_TRUE(body.find("executions")->find("will_exceed_limit")->as_boolean());
}

TEST(usage_json, without_a_limit_the_percentage_is_the_integer_zero) {
  const auto body = answer({0, 5, 0, 0, 0}, 0);
  const auto* executions = body.find("executions");
  EXPECT_EQ(executions->find("percentage")->number_text(), "0");
  EXPECT_EQ(executions->find("percent_used")->number_text(), "0");
  EXPECT_EQ(executions->find("remaining")->number_text(), "0");
  EXPECT_TRUE(executions->find("will_exceed_limit")->as_boolean());
}
