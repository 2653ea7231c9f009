#include "http/routes/routes.hpp"
#include "tests/http/routes/called_routes.hpp"
#include "tests/persistence/account_rows.hpp"

using namespace cued;
using namespace cued::test;
using namespace std::chrono_literals;
using boost::beast::http::verb;

namespace {

const instant now = std::chrono::sys_days{std::chrono::year{2026} / 11 / 24} + 13h;

principal as_ada() {
  principal caller;
  caller.user_id = ada;
  return caller;
}

class worker_routes : public database_test {
protected:
  called_routes api_{http::worker_routes(), database_.options(), as_ada(), now};
};

} // namespace

TEST_F(worker_routes, a_heartbeat_is_acknowledged_with_the_server_s_time) {
  const auto answer = api_.post("/v1/worker/heartbeat", R"({"worker_id":"w1","handlers":["a","b"]})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"acknowledged":true,"server_time":"2026-11-24T13:00:00Z"})");
  const auto listed = api_.get("/v1/workers");
  EXPECT_NE(listed.body.find(R"("worker_id":"w1")"), std::string::npos);
  EXPECT_NE(listed.body.find(R"("heartbeat_status":"active")"), std::string::npos);
}

TEST_F(worker_routes, a_heartbeat_that_names_no_handlers_wipes_them) {
  ASSERT_EQ(api_.post("/v1/worker/heartbeat", R"({"worker_id":"w1","handlers":["a"]})").status, 200);
  ASSERT_EQ(api_.post("/v1/worker/heartbeat", R"({"worker_id":"w1"})").status, 200);
  EXPECT_NE(api_.get("/v1/workers").body.find(R"("handlers":null)"), std::string::npos);
}

TEST_F(worker_routes, a_heartbeat_must_name_its_worker) {
  for (const auto& body :
       {std::string{R"({})"}, std::string{R"({"worker_id":""})"}, std::string{R"({"worker_id":5})"},
        std::string{R"({"worker_id":"w","handlers":[1]})"}, R"({"worker_id":")" + std::string(256, 'w') + "\"}"})
    EXPECT_EQ(api_.post("/v1/worker/heartbeat", body).status, 422) << body;
  EXPECT_EQ(api_.post("/v1/worker/heartbeat", R"({"worker_id":")" + std::string(255, 'w') + "\"}").status, 200);
}

TEST_F(worker_routes, a_worker_is_forgotten_once) {
  ASSERT_EQ(api_.post("/v1/worker/heartbeat", R"({"worker_id":"w 1"})").status, 200);
  EXPECT_EQ(api_.call(verb::delete_, "/v1/workers/w%201").status, 204);
  const auto again = api_.call(verb::delete_, "/v1/workers/w%201");
  EXPECT_EQ(again.status, 404);
  EXPECT_EQ(again.code(), "worker_not_found");
}

TEST_F(worker_routes, a_worker_whose_id_holds_a_slash_can_be_forgotten) {
  ASSERT_EQ(api_.post("/v1/worker/heartbeat", R"({"worker_id":"host/1"})").status, 200);
  EXPECT_EQ(api_.call(verb::delete_, "/v1/workers/host%2F1").status, 204);
}
