#include "http/routes/alert_json.hpp"

#include <gtest/gtest.h>

using namespace cued;
using namespace std::chrono_literals;

TEST(alert_json, shows_every_member_and_null_for_what_is_not_there) {
  const instant when = std::chrono::sys_days{std::chrono::year{2026} / 11 / 24} + 43min + 46s + 109501us;
  persistence::alert_page page;
  page.total = 7;
  page.alerts.push_back({"id-1", "cue_0123456789ab", "execution-1", "consecutive_failures", "warning", "3 in a row",
                         R"({"consecutive_failures": 3})", false, when,
                         persistence::alert_delivery{"delivered", 2, 204, "once", when}});
  page.alerts.push_back({"id-2", {}, {}, "verification_failed", "critical", "", {}, true, when - 1h});
  EXPECT_EQ(http::alerts_json(page, 2, 4),
            R"({"alerts":[{"id":"id-1","cue_id":"cue_0123456789ab","execution_id":"execution-1",)"
            R"("alert_type":"consecutive_failures","severity":"warning","message":"3 in a row",)"
            R"("metadata":{"consecutive_failures": 3},"acknowledged":false,"created_at":"2026-11-24T00:43:46.109501Z",)"
            R"("delivery":{"status":"delivered","attempts":2,"http_status":204,"last_error":"once","delivered_at":)"
            R"("2026-11-24T00:43:46.109501Z"}},)"
            R"({"id":"id-2","cue_id":null,"execution_id":null,"alert_type":"verification_failed",)"
            R"("severity":"critical","message":"","metadata":null,"acknowledged":true,)"
            R"("created_at":"2026-11-23T23:43:46.109501Z","delivery":null}],"total":7,"limit":2,"offset":4})");
}
