#include "http/routes/routes.hpp"
#include "tests/http/routes/called_routes.hpp"
#include "tests/persistence/account_rows.hpp"

using namespace cued;
using namespace cued::test;

namespace {

principal as_ada() {
  principal caller;
  caller.user_id = ada;
  return caller;
}

class alert_routes : public database_test {
protected:
  void add(const std::string& type, const std::string& created_at) {
    database_.exec("INSERT INTO alerts (id, user_id, alert_type, message, created_at) VALUES (gen_random_uuid(), '" +
                   ada + "', '" + type + "', 'text', '" + created_at + "')");
  }

  called_routes api_{http::alert_routes(), database_.options(), as_ada(), instant{}};
};

} // namespace

TEST_F(alert_routes, a_page_says_where_in_the_whole_it_is) {
  add("verification_failed", "2026-11-24 10:00+00");
  add("consecutive_failures", "2026-11-24 11:00+00");
  const auto answer = api_.get("/v1/alerts?limit=1&offset=1");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer["total"], "2");
  EXPECT_EQ(answer["limit"], "1");
  EXPECT_EQ(answer["offset"], "1");
  EXPECT_NE(answer.body.find("verification_failed"), std::string::npos);
  EXPECT_EQ(answer.body.find("consecutive_failures"), std::string::npos);
}

TEST_F(alert_routes, filters_are_applied) {
  add("verification_failed", "2026-11-24 10:00+00");
  add("consecutive_failures", "2026-11-24 11:00+00");
  EXPECT_EQ(api_.get("/v1/alerts?alert_type=verification_failed")["total"], "1");
  EXPECT_EQ(api_.get("/v1/alerts?alert_type=")["total"], "2");
  EXPECT_EQ(api_.get("/v1/alerts?since=2026-11-24T12:00:00%2B01:00")["total"], "1");
  EXPECT_EQ(api_.get("/v1/alerts?since=2026-11-24T10:00:00")["total"], "2");
}

TEST_F(alert_routes, our_own_types_can_be_asked_for) {
  add("quota_exceeded", "2026-11-24 10:00+00");
  add("worker_offline", "2026-11-24 11:00+00");
  EXPECT_EQ(api_.get("/v1/alerts?alert_type=quota_exceeded")["total"], "1");
  EXPECT_EQ(api_.get("/v1/alerts?alert_type=worker_offline")["total"], "1");
}

TEST_F(alert_routes, a_type_that_does_not_exist_is_a_400) {
  const auto answer = api_.get("/v1/alerts?alert_type=unheard_of");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.code(), "invalid_filter");
}

TEST_F(alert_routes, malformed_queries_are_a_422) {
  for (const auto* query : {"limit=0", "limit=101", "offset=-1", "since=yesterday", "since=2026-11-24T12:00:00+01:00"})
    EXPECT_EQ(api_.get(std::string{"/v1/alerts?"} + query).status, 422) << query;
}
