#include "domain/timestamp.hpp"
#include "tests/http/routes/cue_fixture.hpp"

using namespace cued;
using namespace cued::test;
using namespace std::chrono_literals;
using boost::beast::http::verb;
using testing::_;

namespace {

class cue_routes : public cue_routes_test {};

class fire_route : public cue_routes_test {
protected:
  fire_route() { add_cue("cue_a"); }

  called_routes::answer fire(std::optional<std::string> body = {}, const called_routes::headers& headers = {},
                             const std::string& cue_id = "cue_a") {
    return api_.post("/v1/cues/" + cue_id + "/fire", std::move(body), headers);
  }
  void expect_told(bool webhook, instant due, int times = 1) {
    EXPECT_CALL(api_.engine, execution_created(ada, _, webhook, due)).Times(times);
  }
  std::string of_execution(const std::string& column) {
    return database_.value("SELECT " + column + " FROM executions ORDER BY scheduled_for DESC LIMIT 1");
  }
  std::string of_outbox(const std::string& column) {
    return database_.value("SELECT " + column + " FROM dispatch_outbox");
  }
};

} // namespace

// -- list, detail, delete ------------------------------------------------

TEST_F(cue_routes, a_list_shows_the_callers_cues_and_where_in_the_whole_it_is) {
  for (int i = 1; i <= 3; ++i)
    add_cue("cue_" + std::to_string(i),
            {{"created_at", "timestamptz '2026-01-01 00:00:00+00' + interval '" + std::to_string(i) + " hours'"},
             {"status", i == 2 ? "'paused'" : "'active'"}});
  add_cue("cue_of_bob", {{"user_id", quoted(bob)}});
  const auto page = api_.get("/v1/cues?limit=2&offset=1");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page["total"], "3");
  EXPECT_EQ(page["limit"], "2");
  EXPECT_EQ(page["offset"], "1");
  const auto ids = [](const called_routes::answer& answer) {
    std::string all;
    const auto document = json::parse(answer.body).value();
    for (const auto& cue : document.find("cues")->items())
      all += cue.find("id")->as_string() + " ";
    return all;
  };
  EXPECT_EQ(ids(page), "cue_2 cue_1 ");
  EXPECT_EQ(ids(api_.get("/v1/cues?status=paused")), "cue_2 ");
  EXPECT_EQ(ids(api_.get("/v1/cues?status=")), "cue_3 cue_2 cue_1 ");
  EXPECT_EQ(ids(api_.get("/v1/cues?status=nonsense")), "");
  EXPECT_EQ(api_.get("/v1/cues")["limit"], "50");
}

TEST_F(cue_routes, limits_of_a_page_are_checked) {
  for (const auto query : {"limit=0", "limit=101", "limit=x", "limit=", "offset=-1", "offset=9223372036854775808"})
    EXPECT_EQ(api_.get(std::string{"/v1/cues?"} + query).status, 422) << query;
  for (const auto query : {"execution_limit=0", "execution_limit=101", "execution_offset=-1"})
    EXPECT_EQ(api_.get(std::string{"/v1/cues/cue_a?"} + query).status, 422) << query;
}

TEST_F(cue_routes, a_cue_is_shown_with_a_page_of_its_executions) {
  add_cue("cue_a");
  add_cue("cue_b");
  for (int i = 1; i <= 3; ++i)
    add_execution(i, "cue_a");
  add_execution(4, "cue_b");
  const auto detail = api_.get("/v1/cues/cue_a?execution_limit=2&execution_offset=1");
  ASSERT_EQ(detail.status, 200);
  EXPECT_EQ(detail["id"], "\"cue_a\"");
  EXPECT_EQ(detail["warning"], "null");
  EXPECT_EQ(detail["execution_total"], "3");
  EXPECT_EQ(detail["execution_limit"], "2");
  EXPECT_EQ(detail["execution_offset"], "1");
  const auto document = json::parse(detail.body).value();
  const auto& executions = document.find("executions")->items();
  ASSERT_EQ(executions.size(), 2u);
  EXPECT_EQ(executions[0].find("id")->as_string(), execution_id(2));
  EXPECT_EQ(executions[1].find("id")->as_string(), execution_id(1));
}

TEST_F(cue_routes, odd_rows_are_shown) {
  add_cue("cue_a", {{"schedule_type", "'once'"},
                    {"retry_backoff_minutes", "'5'"},
                    {"callback_url", "NULL"},
                    {"on_failure", "NULL"},
                    {"next_run", "'2020-01-01 00:00:00.5+00'"}});
  const auto shown = api_.get("/v1/cues/cue_a");
  EXPECT_EQ(shown["schedule"], R"({"type":"once","timezone":"UTC"})");
  EXPECT_EQ(shown["retry.backoff_minutes"], "5");
  EXPECT_EQ(shown["callback.url"], "null");
  EXPECT_EQ(shown["on_failure"], "null");
  EXPECT_EQ(shown["next_run"], "\"2020-01-01T00:00:00.500000Z\"");
}

TEST_F(cue_routes, missing_foreign_and_impossible_ids_are_the_same) {
  add_cue("cue_of_bob", {{"user_id", quoted(bob)}});
  for (const std::string id : {"cue_missing", "cue_of_bob", "cue_of_bob%20", "x"}) {
    EXPECT_EQ(api_.get("/v1/cues/" + id).code(), "cue_not_found") << id;
    EXPECT_EQ(api_.patch("/v1/cues/" + id, "{}").code(), "cue_not_found") << id;
    EXPECT_EQ(api_.post("/v1/cues/" + id + "/fire").code(), "cue_not_found") << id;
    EXPECT_EQ(api_.call(verb::delete_, "/v1/cues/" + id).code(), "cue_not_found") << id;
  }
}

TEST_F(cue_routes, a_deleted_cue_is_gone_and_the_clock_hears_of_it) {
  add_cue("cue_a");
  EXPECT_CALL(api_.engine, cue_changed("cue_a")).Times(1);
  const auto gone = api_.call(verb::delete_, "/v1/cues/cue_a");
  EXPECT_EQ(gone.status, 204);
  EXPECT_EQ(gone.body, "");
  EXPECT_EQ(api_.call(verb::delete_, "/v1/cues/cue_a").status, 404);
}

// -- fire ----------------------------------------------------------------

TEST_F(fire_route, a_fire_is_an_execution_now) {
  expect_told(true, now_);
  const auto fired = fire();
  ASSERT_EQ(fired.status, 200) << fired.body;
  EXPECT_EQ(fired["cue_id"], "\"cue_a\"");
  EXPECT_EQ(fired["scheduled_for"], "\"2026-11-24T13:00:00+00:00\"");
  EXPECT_EQ(fired["status"], "\"pending\"");
  EXPECT_EQ(fired["triggered_by"], "\"manual_fire\"");
  EXPECT_EQ(fired["id"], '"' + of_execution("id") + '"');
  EXPECT_EQ(fired["body_received"], "");
  EXPECT_EQ(of_outbox("scheduled_at"), "");
  EXPECT_EQ(of_outbox("payload ->> 'scheduled_for'"), "2026-11-24T13:00:00+00:00");
  EXPECT_EQ(of_outbox("payload ? 'monthly_execution_limit'"), "f");
  EXPECT_EQ(of_outbox("payload ->> 'webhook_secret'"), "whsec_" + std::string(64, 'a'));
}

TEST_F(fire_route, every_empty_body_means_now) {
  expect_told(true, now_, 1);
  EXPECT_CALL(api_.engine, execution_created(ada, _, true, now_ + 1us)).Times(1);
  EXPECT_CALL(api_.engine, execution_created(ada, _, true, now_ + 2us)).Times(1);
  EXPECT_CALL(api_.engine, execution_created(ada, _, true, now_ + 3us)).Times(1);
  for (const std::string body : {"", "null", "{}", R"({"send_at":null,"exit_criteria":1})"})
    EXPECT_EQ(fire(body).status, 200) << body;
  EXPECT_EQ(fire("[]").status, 422);
  EXPECT_EQ(fire("5").status, 422);
  EXPECT_EQ(fire(R"({"send_at":"soon"})").status, 422);
}

TEST_F(fire_route, a_future_time_is_kept_in_the_clients_offset) {
  const auto due = parse_timestamp("2090-01-01T00:00:00+02:00")->at;
  expect_told(true, due);
  const auto fired = fire(R"({"send_at":"2090-01-01T00:00:00+02:00"})");
  EXPECT_EQ(fired["scheduled_for"], "\"2090-01-01T00:00:00+02:00\"");
  EXPECT_EQ(of_execution("scheduled_for"), "2089-12-31 22:00:00+00");
  EXPECT_EQ(of_outbox("scheduled_at"), "2089-12-31 22:00:00+00");
  EXPECT_EQ(of_outbox("payload ->> 'scheduled_for'"), "2090-01-01T00:00:00+02:00");
}

TEST_F(fire_route, a_time_without_an_offset_is_utc_and_a_past_one_is_now) {
  expect_told(true, parse_timestamp("2090-01-01T00:00:00Z")->at);
  EXPECT_EQ(fire(R"({"send_at":"2090-01-01T00:00:00"})")["scheduled_for"], "\"2090-01-01T00:00:00+00:00\"");
  expect_told(true, now_);
  EXPECT_EQ(fire(R"({"send_at":"2020-01-01T00:00:00+02:00"})")["scheduled_for"], "\"2026-11-24T13:00:00+00:00\"");
}

TEST_F(fire_route, two_fires_for_one_moment_are_a_microsecond_apart) {
  EXPECT_CALL(api_.engine, execution_created(ada, _, true, _)).Times(2);
  const std::string body = R"({"send_at":"2090-01-01T00:00:00+02:00"})";
  EXPECT_EQ(fire(body)["scheduled_for"], "\"2090-01-01T00:00:00+02:00\"");
  EXPECT_EQ(fire(body)["scheduled_for"], "\"2090-01-01T00:00:00.000001+02:00\"");
  EXPECT_EQ(count("executions"), "2");
}

TEST_F(fire_route, a_payload_of_its_own_is_laid_over_the_cues_or_replaces_it) {
  database_.exec(R"(UPDATE cues SET payload = '{"a": 1, "b": {"c": 2}}')");
  const auto effective = [&](const std::string& body) {
    database_.exec("DELETE FROM executions");
    expect_told(true, now_);
    EXPECT_EQ(fire(body).status, 200) << body;
    return of_outbox("payload -> 'payload'");
  };
  EXPECT_EQ(effective("{}"), R"({"a": 1, "b": {"c": 2}})");
  EXPECT_EQ(of_execution("payload_override"), "");
  EXPECT_EQ(effective(R"({"payload_override":{"b":{"d":3}}})"), R"({"a": 1, "b": {"d": 3}})");
  EXPECT_EQ(effective(R"({"payload_override":{"b":3},"merge_strategy":"merge"})"), R"({"a": 1, "b": 3})");
  EXPECT_EQ(effective(R"({"payload_override":{"b":3},"merge_strategy":"replace"})"), R"({"b": 3})");
  EXPECT_EQ(of_execution("payload_override"), R"({"b": 3})");
  EXPECT_EQ(of_cue("payload"), R"({"a": 1, "b": {"c": 2}})");
  EXPECT_EQ(fire(R"({"payload_override":[]})").status, 422);
  EXPECT_EQ(fire(R"({"payload_override":{"a":"\u0000"}})").status, 422);
  EXPECT_EQ(fire(R"({"merge_strategy":"blend"})").status, 422);
}

TEST_F(fire_route, a_worker_cue_has_no_outbox_row) {
  add_worker_cue("cue_w");
  expect_told(false, now_);
  EXPECT_EQ(fire({}, {}, "cue_w").status, 200);
  EXPECT_EQ(count("dispatch_outbox"), "0");
}

TEST_F(fire_route, a_cue_fires_in_every_status) {
  int microseconds = 0;
  for (const auto status : {"paused", "completed", "failed", "active"}) {
    database_.exec("UPDATE cues SET status = " + quoted(status));
    expect_told(true, now_ + std::chrono::microseconds{microseconds++});
    EXPECT_EQ(fire().status, 200) << status;
    EXPECT_EQ(of_cue("status"), status);
  }
}

TEST_F(fire_route, an_echo_is_always_that_of_an_empty_body) {
  expect_told(true, now_);
  const auto fired = fire("{\"a\":1}", {{"x-cueapi-verify-echo", " TRUE "}});
  EXPECT_EQ(fired["body_received"], "null");
  EXPECT_EQ(fired["body_received_sha256"], "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"");
}
