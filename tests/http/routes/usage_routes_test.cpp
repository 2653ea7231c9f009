#include "http/routes/routes.hpp"
#include "tests/http/routes/called_routes.hpp"
#include "tests/persistence/account_rows.hpp"

using namespace cued;
using namespace cued::test;
using namespace std::chrono_literals;

namespace {

const instant now = std::chrono::sys_days{std::chrono::year{2026} / 11 / 24} + 13h;

principal as_ada() {
  principal caller;
  caller.user_id = ada;
  caller.monthly_execution_limit = 1000;
  return caller;
}

class usage_routes : public account_test {
protected:
  called_routes api_{http::usage_routes(), database_.options(), as_ada(), now};
};

} // namespace

TEST_F(usage_routes, the_month_s_row_is_measured_against_the_caller_s_limit) {
  database_.exec("INSERT INTO usage_monthly (user_id, month_start, execution_count) VALUES "
                 "('" +
                 ada + "', '2026-11-01', 125), ('" + ada + "', '2026-12-01', 9)");
  const auto answer = api_.get("/v1/usage");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer["executions.used"], "125");
  EXPECT_EQ(answer["executions.percent_used"], "12");
  EXPECT_EQ(answer["executions.percentage"], "12.5");
  EXPECT_EQ(answer["executions.projected_month_end"], "156");
  EXPECT_EQ(answer["billing_period.days_remaining"], "6");
  EXPECT_EQ(answer["rate_limit.limit"], "60");
}
