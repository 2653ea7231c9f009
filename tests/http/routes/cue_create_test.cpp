#include "tests/http/routes/cue_fixture.hpp"

using namespace cued;
using namespace cued::test;

namespace {

class create_cue : public cue_routes_test {
protected:
  called_routes::answer create(const std::string& body) { return api_.post("/v1/cues", body); }

  /// What a body is told that is wrong in one place: `422 body.name`.
  std::string refusal(const std::string& body) {
    const auto answer = create(body);
    const auto document = json::parse(answer.body);
    const auto* details = document->find("error") ? document->find("error")->find("details") : nullptr;
    if (!details)
      return std::to_string(answer.status) + " " + answer.code();
    return std::to_string(answer.status) + " " + details->items().at(0).find("field")->as_string();
  }
};

std::string nested_arrays(int depth) { return std::string(depth, '[') + std::string(depth, ']'); }

} // namespace

TEST_F(create_cue, the_answer_has_the_eighteen_members_in_their_order) {
  EXPECT_CALL(api_.engine, cue_changed(testing::StartsWith("cue_"))).Times(1);
  const auto made = create(hook());
  ASSERT_EQ(made.status, 201) << made.body;
  const auto document = json::parse(made.body).value();
  std::string names;
  for (const auto& member : document.members())
    names += member.name + " ";
  EXPECT_EQ(names, "id name description status transport schedule callback payload retry next_run last_run run_count "
                   "fired_count on_failure verification warning created_at updated_at ");
  EXPECT_EQ(made["name"], "\"n\"");
  EXPECT_EQ(made["description"], "null");
  EXPECT_EQ(made["status"], "\"active\"");
  EXPECT_EQ(made["transport"], "\"webhook\"");
  EXPECT_EQ(made["schedule"], R"({"type":"recurring","timezone":"UTC","cron":"0 9 * * *"})");
  EXPECT_EQ(made["callback"], R"({"url":"https://93.184.216.34/hook","method":"POST","headers":{}})");
  EXPECT_EQ(made["payload"], "{}");
  EXPECT_EQ(made["retry"], R"({"max_attempts":3,"backoff_minutes":[1,5,15]})");
  EXPECT_EQ(made["next_run"], "\"2026-11-25T09:00:00Z\"");
  EXPECT_EQ(made["last_run"], "null");
  EXPECT_EQ(made["run_count"], "0");
  EXPECT_EQ(made["fired_count"], "0");
  EXPECT_EQ(made["on_failure"], R"({"email":true,"pause":false,"webhook":null})");
  EXPECT_EQ(made["verification"], "null");
  EXPECT_EQ(made["warning"], "null");
  EXPECT_EQ(made["created_at"], made["updated_at"]);
  EXPECT_EQ(count("executions"), "0");
}

TEST_F(create_cue, everything_given_is_kept) {
  const auto made =
      create(R"({"name":"","description":"d","schedule":{"type":"once","at":"2026-12-24T18:00:00+01:00","cron":"odd"},)"
             R"("transport":"webhook","callback":{"url":"HTTPS://93.184.216.34:443/a b?x=ü#f","method":"put",)"
             R"("headers":{"X-B":"2"},"transport":""},"payload":{"b":1,"a":[null]},"retry":{"max_attempts":10,)"
             R"("backoff_minutes":[-1,1000000000000]},"on_failure":{"email":false,"pause":true,"webhook":""},)"
             R"("verification":{"mode":"manual"},"unknown":1})");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made["schedule"], R"({"type":"once","timezone":"UTC","cron":"odd","at":"2026-12-24T17:00:00+00:00"})");
  EXPECT_EQ(made["callback"],
            R"({"url":"https://93.184.216.34/a%20b?x=%C3%BC#f","method":"PUT","headers":{"X-B":"2"}})");
  EXPECT_EQ(made["payload"], R"({"a":[null],"b":1})");
  EXPECT_EQ(made["retry"], R"({"max_attempts":10,"backoff_minutes":[-1,1000000000000]})");
  EXPECT_EQ(made["on_failure"], R"({"email":false,"pause":true,"webhook":""})");
  EXPECT_EQ(made["verification"], R"({"mode":"manual"})");
  EXPECT_EQ(made["next_run"], "\"2026-12-24T17:00:00Z\"");
}

TEST_F(create_cue, policies_are_kept_and_shown_when_they_are_set) {
  const auto made = create(hook(R"(,"catch_up":"latest","catch_up_window_seconds":3600,"overlap":"skip",)"
                                R"("delivery":{"outcome_deadline_seconds":600,"timeout_seconds":30},)"
                                R"("retry":{"max_attempts":4,"backoff_seconds":[0,31536000],"jitter_percent":20})"));
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made["catch_up"], "\"latest\"");
  EXPECT_EQ(made["catch_up_window_seconds"], "3600");
  EXPECT_EQ(made["overlap"], "\"skip\"");
  EXPECT_EQ(made["delivery"], R"({"outcome_deadline_seconds":600})");
  EXPECT_EQ(made["retry"],
            R"({"max_attempts":4,"backoff_minutes":[1,5,15],"backoff_seconds":[0,31536000],"jitter_percent":20})");
  EXPECT_EQ(api_.get("/v1/cues/" + of_cue("id"))["overlap"], "\"skip\"");
}

TEST_F(create_cue, the_long_retry_schedule_spans_days_and_ten_attempts) {
  const auto made = create(hook(R"(,"retry":{"schedule":"long"})"));
  EXPECT_EQ(made["retry"], R"({"max_attempts":10,"backoff_minutes":[1,5,15],)"
                           R"("backoff_seconds":[5,300,1800,7200,18000,36000,36000,86400,86400]})");
  const auto fewer = create(hook(R"(,"retry":{"schedule":"long","max_attempts":3})", "fewer"));
  EXPECT_EQ(fewer["retry.max_attempts"], "3");
}

TEST_F(create_cue, policies_out_of_range_are_named) {
  const auto steps = [](int n) {
    std::string list = "0";
    for (int i = 1; i < n; ++i)
      list += ",0";
    return R"(,"retry":{"backoff_seconds":[)" + list + "]}";
  };
  EXPECT_EQ(refusal(hook(R"(,"catch_up":"some")")), "422 body.catch_up");
  EXPECT_EQ(refusal(hook(R"(,"catch_up_window_seconds":-1)")), "422 body.catch_up_window_seconds");
  EXPECT_EQ(refusal(hook(R"(,"catch_up_window_seconds":31536001)")), "422 body.catch_up_window_seconds");
  EXPECT_EQ(refusal(hook(R"(,"overlap":"replace")")), "422 body.overlap");
  EXPECT_EQ(refusal(hook(R"(,"delivery":{"outcome_deadline_seconds":0})")),
            "422 body.delivery.outcome_deadline_seconds");
  EXPECT_EQ(refusal(hook(R"(,"delivery":{"outcome_deadline_seconds":2592001})")),
            "422 body.delivery.outcome_deadline_seconds");
  EXPECT_EQ(refusal(hook(R"(,"retry":{"jitter_percent":101})")), "422 body.retry.jitter_percent");
  EXPECT_EQ(refusal(hook(R"(,"retry":{"backoff_seconds":[-1]})")).substr(0, 30), "422 body.retry.backoff_seconds");
  EXPECT_EQ(refusal(hook(R"(,"retry":{"schedule":"longer"})")), "422 body.retry.schedule");
  EXPECT_EQ(refusal(hook(R"(,"retry":{"schedule":"long","backoff_seconds":[1]})")), "422 body.retry.schedule");
  EXPECT_EQ(refusal(hook(steps(51))), "422 body.retry.backoff_seconds");
  EXPECT_EQ(create(hook(steps(50))).status, 201);
}

TEST_F(create_cue, without_policies_their_members_are_absent) {
  const auto made = create(hook(R"(,"catch_up":null,"catch_up_window_seconds":null,"overlap":null,"delivery":null,)"
                                R"("retry":{"backoff_seconds":null,"jitter_percent":null,"schedule":null})"));
  ASSERT_EQ(made.status, 201) << made.body;
  const auto document = json::parse(made.body).value();
  for (const auto* member : {"catch_up", "catch_up_window_seconds", "overlap", "delivery", "alerts"})
    EXPECT_EQ(document.find(member), nullptr) << member;
}

TEST_F(create_cue, what_is_null_is_as_if_absent_where_that_is_allowed) {
  const auto made = create(hook(R"(,"payload":null,"retry":null,"on_failure":null,"verification":{})"));
  EXPECT_EQ(made["payload"], "{}");
  EXPECT_EQ(made["retry.max_attempts"], "3");
  EXPECT_EQ(made["verification"], R"({"mode":"none"})");
  EXPECT_EQ(refusal(hook(R"(,"transport":null)")), "422 body.transport");
  EXPECT_EQ(refusal(hook(R"(,"retry":{"backoff_minutes":null})")), "422 body.retry.backoff_minutes");
}

TEST_F(create_cue, types_are_judged_field_by_field) {
  EXPECT_EQ(refusal("{}"), "422 body.name");
  EXPECT_EQ(refusal(hook("", std::string(256, 'x'))), "422 body.name");
  EXPECT_EQ(refusal(R"({"name":1,"schedule":{"type":"once"}})"), "422 body.name");
  EXPECT_EQ(refusal(R"({"name":"n"})"), "422 body.schedule");
  EXPECT_EQ(refusal(scheduled("{}")), "422 body.schedule.type");
  EXPECT_EQ(refusal(scheduled(R"({"type":"once","at":"tomorrow"})")), "422 body.schedule.at");
  EXPECT_EQ(refusal(scheduled(R"({"type":"once","timezone":null})")), "422 body.schedule.timezone");
  EXPECT_EQ(refusal(hook(R"(,"transport":"pigeon")")), "422 body.transport");
  EXPECT_EQ(refusal(hook(R"(,"payload":[])")), "422 body.payload");
  EXPECT_EQ(refusal(hook(R"(,"retry":{"max_attempts":0})")), "422 body.retry.max_attempts");
  EXPECT_EQ(refusal(hook(R"(,"retry":{"max_attempts":11})")), "422 body.retry.max_attempts");
  EXPECT_EQ(refusal(hook(R"(,"retry":{"backoff_minutes":[1,"x"]})")), "422 body.retry.backoff_minutes.1");
  EXPECT_EQ(refusal(hook(R"(,"verification":{"mode":"maybe"})")), "422 body.verification.mode");
  EXPECT_EQ(count("cues"), "0");
}

TEST_F(create_cue, a_callback_is_judged_by_what_can_be_sent) {
  const auto callback = [](const std::string& members) {
    return R"({"name":"n","schedule":{"type":"recurring","cron":"0 9 * * *"},"callback":{"url":"https://93.184.216.34")" +
           members + "}}";
  };
  EXPECT_EQ(create(callback("")).status, 201);
  EXPECT_EQ(refusal(callback(R"(,"method":"DELETE")")), "422 body.callback.method");
  EXPECT_EQ(refusal(callback(R"(,"method":null)")), "422 body.callback.method");
  EXPECT_EQ(refusal(callback(R"(,"headers":{"a":1})")), "422 body.callback.headers.a");
  EXPECT_EQ(refusal(callback(R"(,"headers":{"a b":"1"})")), "422 body.callback.headers.a b");
  EXPECT_EQ(refusal(callback(R"(,"headers":{"a":"1\r\nb: 2"})")), "422 body.callback.headers.a");
  EXPECT_EQ(refusal(callback(R"(,"transport":"worker")")), "422 body.callback.transport");
}

TEST_F(create_cue, a_webhook_cue_needs_a_url) {
  EXPECT_EQ(refusal(R"({"name":"n","schedule":{"type":"recurring","cron":"0 9 * * *"}})"), "422 body");
  EXPECT_EQ(refusal(R"({"name":"n","schedule":{"type":"recurring","cron":"0 9 * * *"},"callback":{"url":null}})"),
            "422 body");
  EXPECT_EQ(refusal(R"({"name":"n","schedule":{"type":"recurring","cron":"0 9 * * *"},"callback":{"url":"ftp://x"}})"),
            "422 body.callback.url");
}

TEST_F(create_cue, urls_that_lead_inside_are_refused) {
  const auto with_url = [](const std::string& url) {
    return R"({"name":"n","schedule":{"type":"recurring","cron":"0 9 * * *"},"callback":{"url":")" + url + "\"}}";
  };
  for (const auto url : {"http://93.184.216.34/", "https://127.0.0.1/", "https://2130706433/", "https://0x7f.1/",
                         "https://[::1]/", "https://[::]/", "https://169.254.169.254/", "https://localhost/",
                         "https://metadata.google.internal/", "https://a..b/"}) {
    EXPECT_EQ(refusal(with_url(url)), "400 invalid_callback_url") << url;
  }
  const auto credentials = create(with_url("https://user:secret@93.184.216.34/"));
  EXPECT_EQ(credentials.code(), "invalid_callback_url");
  EXPECT_NE(credentials.body.find("Credentials"), std::string::npos);
  EXPECT_EQ(refusal(hook(R"(,"on_failure":{"webhook":"https://10.0.0.1/"})")), "400 invalid_callback_url");
  EXPECT_NE(create(hook(R"(,"on_failure":{"webhook":"x"})")).body.find("on_failure.webhook: "), std::string::npos);
}

TEST_F(create_cue, the_url_of_a_worker_cue_is_judged_like_any_other) {
  const auto with_callback = [](std::string_view url) {
    return scheduled(R"({"type":"recurring","cron":"@daily"})", R"(,"callback":{"url":")" + std::string{url} + R"("})");
  };
  EXPECT_EQ(refusal(with_callback("https://127.0.0.1:8000")), "400 invalid_callback_url");
  EXPECT_EQ(create(with_callback("https://93.184.216.34"))["callback.url"], "\"https://93.184.216.34/\"");
}

TEST_F(create_cue, payloads_are_refused_for_null_characters_and_size) {
  EXPECT_EQ(refusal(hook(R"(,"payload":{"a":["\u0000"]})")), "400 invalid_payload");
  EXPECT_EQ(refusal(hook(R"(,"payload":{"a":{"\u0000":1}})")), "400 invalid_payload");
  EXPECT_EQ(refusal(hook(R"(,"description":"\u0000")")), "422 body.description");
  // {"x": [1, 1, ...]} with the blanks counted: spec/security.md §6, I2
  const auto numbers = [](int n) {
    std::string list = "1";
    for (int i = 1; i < n; ++i)
      list += ",1";
    return R"(,"payload":{"x":[)" + list + "]}";
  };
  EXPECT_EQ(create(hook(numbers(349'523))).status, 201);
  EXPECT_EQ(refusal(hook(numbers(349'524), "m")), "400 invalid_payload_size");
}

TEST_F(create_cue, numbers_in_a_payload_are_stored_as_the_reference_stores_them) {
  const auto made = create(hook(R"(,"payload":{"a":1.10,"b":1e5,"c":1e30,"d":-0.0,"e":12345678901234567890123})"));
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made["payload"],
            R"({"a":1.1,"b":100000.0,"c":1000000000000000000000000000000,"d":0.0,"e":12345678901234567890123})");
  EXPECT_EQ(create(hook(R"(,"payload":{"a":)" + nested_arrays(400) + "}", "deep")).status, 201);
}

TEST_F(create_cue, schedules_are_judged_after_the_time_zone) {
  const auto now = std::string{"2026-11-24T13:00:00Z"};
  EXPECT_EQ(refusal(scheduled(R"({"type":"recurring","cron":"bad","timezone":"Mars/Olympus"})")),
            "422 invalid_timezone");
  EXPECT_EQ(refusal(scheduled(R"({"type":"weekly"})")), "400 invalid_schedule");
  EXPECT_EQ(refusal(scheduled(R"({"type":"recurring"})")), "400 invalid_schedule");
  EXPECT_EQ(refusal(scheduled(R"({"type":"recurring","cron":""})")), "400 invalid_schedule");
  EXPECT_EQ(refusal(scheduled(R"({"type":"recurring","cron":"* * * *"})")), "400 invalid_schedule");
  EXPECT_EQ(refusal(scheduled(R"({"type":"recurring","cron":"0 0 30 2 *"})")), "400 invalid_schedule");
  EXPECT_EQ(refusal(scheduled(R"({"type":"recurring","cron":")" + std::string(120, '0') + R"( * * * *"})")),
            "400 invalid_schedule");
  EXPECT_EQ(refusal(scheduled(R"({"type":"once"})")), "400 invalid_schedule");
  EXPECT_EQ(refusal(scheduled(R"({"type":"once","at":")" + now + "\"}")), "400 invalid_schedule");
  // Naive is UTC; the time zone is stored as it was spelled.
  const auto made = create(scheduled(R"({"type":"once","at":"2026-11-24T13:00:01","timezone":"europe/PARIS"})"));
  EXPECT_EQ(made["next_run"], "\"2026-11-24T13:00:01Z\"");
  EXPECT_EQ(made["schedule.timezone"], "\"europe/PARIS\"");
}

TEST_F(create_cue, the_first_refusal_in_order_wins) {
  api_.settings.disable_quota_enforcement = false;
  ASSERT_EQ(create(hook()).status, 201);
  const auto all_wrong = R"(,"payload":{"a":"\u0000"},"on_failure":{"webhook":"x"})";
  EXPECT_EQ(refusal(hook(all_wrong)), "409 duplicate_cue_name");
  for (int i = 0; i < 9; ++i)
    ASSERT_EQ(create(hook("", std::to_string(i))).status, 201);
  EXPECT_EQ(refusal(hook(all_wrong, "other")), "403 cue_limit_exceeded");
  EXPECT_EQ(refusal(hook("", "other")), "403 cue_limit_exceeded");
  api_.settings.disable_quota_enforcement = true;
  EXPECT_EQ(refusal(hook(all_wrong, "other")), "400 invalid_payload");
  EXPECT_EQ(create(hook("", "other")).status, 201);
}

TEST_F(create_cue, a_worker_cue_warns_while_no_worker_is_heard_of) {
  const auto body = scheduled(R"({"type":"recurring","cron":"@daily"})");
  const auto lonely = create(body);
  EXPECT_EQ(lonely.status, 201);
  EXPECT_NE(lonely["warning"].find("No active workers"), std::string::npos);
  const auto heard = [&](const std::string& at) {
    database_.exec("DELETE FROM cues; DELETE FROM workers; INSERT INTO workers (id, user_id, worker_id, "
                   "last_heartbeat, created_at) VALUES (gen_random_uuid(), " +
                   quoted(ada) + ", 'w', '" + at + "', now())");
    return create(body)["warning"];
  };
  EXPECT_EQ(heard("2026-11-24 12:57:00+00"), "null");
  EXPECT_NE(heard("2026-11-24 12:56:59+00"), "null");
}

// -- the flat form -------------------------------------------------------

TEST_F(create_cue, a_flat_body_is_read_like_a_nested_one) {
  const auto hooked = create(R"({"name":"a","cron":"0 9 * * *","callback_url":"https://93.184.216.34/h",)"
                             R"("timezone":"Asia/Tokyo","payload":{"a":1},"description":"d"})");
  ASSERT_EQ(hooked.status, 201) << hooked.body;
  EXPECT_EQ(hooked["schedule"], R"({"type":"recurring","timezone":"Asia/Tokyo","cron":"0 9 * * *"})");
  EXPECT_EQ(hooked["callback.url"], "\"https://93.184.216.34/h\"");
  EXPECT_EQ(hooked["payload"], R"({"a":1})");
  const auto once = create(R"({"name":"b","at":"2026-11-25T00:00:00Z","worker":true})");
  ASSERT_EQ(once.status, 201) << once.body;
  EXPECT_EQ(once["transport"], "\"worker\"");
  EXPECT_EQ(once["schedule"], R"({"type":"once","timezone":"UTC","at":"2026-11-25T00:00:00+00:00"})");
}

TEST_F(create_cue, a_flat_body_with_neither_or_both_of_cron_and_at_lacks_a_schedule) {
  EXPECT_EQ(refusal(R"({"name":"a","worker":true})"), "422 body.schedule");
  EXPECT_EQ(refusal(R"({"name":"a","worker":true,"cron":"@daily","at":"2026-11-25"})"), "422 body.schedule");
  EXPECT_EQ(refusal(R"({"name":"a","worker":true,"cron":5})"), "422 body.schedule");
}

TEST_F(create_cue, a_nested_schedule_wins_over_flat_members) {
  const auto made = create(scheduled(R"({"type":"recurring","cron":"@daily"})", R"(,"cron":"@hourly")"));
  EXPECT_EQ(made["schedule.cron"], "\"@daily\"");
}
