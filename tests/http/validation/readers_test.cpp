#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/validation/readers.hpp"

namespace cued::http {
namespace {

request with_body(std::string_view json_text) {
  request in;
  in.body = json_text;
  if (auto parsed = json::parse(json_text))
    in.json = std::move(*parsed);
  return in;
}

request with_query(std::vector<std::pair<std::string, std::string>> query) {
  request in;
  in.query = std::move(query);
  return in;
}

/// `field: message` of each problem.
std::vector<std::string> told(const std::optional<error>& problems) {
  std::vector<std::string> out;
  if (problems)
    for (const auto& p : problems->details)
      out.push_back(p.field + ": " + p.message);
  return out;
}

using lines = std::vector<std::string>;
constexpr const char* model_text = "Input should be a valid dictionary or object to extract fields from";

TEST(body_reader, gives_what_was_sent) {
  const auto in = with_body(R"({"name":"n","count":"7","flag":"yes","at":"2026-01-02","mode":"b","tags":["x","y"],
                                "headers":{"a":"1"},"nested":{"n":1},"free":{"k":[1.10]}})");
  body_reader body{in};
  EXPECT_EQ(body.text("name"), "n");
  EXPECT_EQ(body.integer("count"), 7);
  EXPECT_TRUE(body.boolean("flag"));
  EXPECT_EQ(body.time("at").at, instant{std::chrono::sys_days{std::chrono::year{2026} / 1 / 2}});
  EXPECT_EQ(body.choice("mode", {.of = {"a", "b"}}), "b");
  auto tags = body.optional_list("tags");
  ASSERT_TRUE(tags);
  EXPECT_EQ(tags->at(1).text(), "y");
  EXPECT_EQ(body.optional_text_map("headers")->at(0), (std::pair<std::string, std::string>{"a", "1"}));
  EXPECT_EQ(body.object("nested").integer("n"), 1);
  EXPECT_EQ(json::compact(*body.free_object("free")), R"({"k":[1.10]})");
  EXPECT_FALSE(body.problems());
}

TEST(body_reader, tells_all_problems_in_the_order_of_the_calls) {
  const auto in = with_body(R"({"z":1,"schedule":{"type":5,"at":"x"},"retry":{"backoff_minutes":[1,2,3,"x"]},
                                "callback":{"headers":{"a":1,"b":"ok"}}})");
  body_reader body{in};
  body.text("name");
  auto schedule = body.object("schedule");
  schedule.text("type");
  schedule.optional_time("at");
  auto callback = body.optional_object("callback");
  callback->optional_text_map("headers");
  auto retry = body.optional_object("retry");
  const auto steps = retry->list("backoff_minutes");
  for (auto step : *steps)
    step.integer();
  body.refuse_unknown();
  EXPECT_EQ(
      told(body.problems()),
      (lines{"body.name: Field required", "body.schedule.type: Input should be a valid string",
             "body.schedule.at: Input should be a valid datetime or date, input is too short",
             "body.callback.headers.a: Input should be a valid string",
             "body.retry.backoff_minutes.3: Input should be a valid integer, unable to parse string as an integer",
             "body.z: Extra inputs are not permitted"}));
}

TEST(body_reader, makes_an_error_whose_message_is_its_first_problem) {
  const auto in = with_body("{}");
  body_reader body{in};
  body.text("name");
  const auto e = body.problems();
  ASSERT_TRUE(e);
  EXPECT_EQ(e->status, 422);
  EXPECT_EQ(e->code, "validation_error");
  EXPECT_EQ(e->message, "body.name: Field required");
}

struct whole_body {
  const char* sent;
  bool required;
  lines expected;
};

TEST(body_reader, tells_what_is_wrong_with_the_body_as_a_whole_once) {
  const whole_body table[]{{"", true, {"body: Field required"}},
                           {"null", true, {"body: Field required"}},
                           {"", false, {}},
                           {"null", false, {}},
                           {"[]", true, {std::string{"body: "} + model_text}},
                           {"\"text\"", true, {std::string{"body: "} + model_text}},
                           {"7", false, {std::string{"body: "} + model_text}},
                           {"name=not+json", true, {std::string{"body: "} + model_text}}};
  for (const auto& row : table) {
    auto in = with_body(row.sent);
    in.body_required = row.required;
    body_reader body{in};
    EXPECT_TRUE(body.is_void()) << row.sent;
    body.text("name");
    body.object("schedule").text("type");
    body.refuse_unknown();
    EXPECT_EQ(told(body.problems()), row.expected) << row.sent;
  }
}

TEST(body_reader, absent_is_the_fallback_and_null_is_a_problem) {
  const auto absent = with_body("{}");
  body_reader none{absent};
  EXPECT_EQ(none.text("zone", {.fallback = "UTC"}), "UTC");
  EXPECT_EQ(none.integer("n", {.fallback = 3}), 3);
  EXPECT_TRUE(none.boolean("b", {.fallback = true}));
  EXPECT_EQ(none.choice("c", {.of = {"x"}, .fallback = "x"}), "x");
  EXPECT_FALSE(none.list("l"));
  EXPECT_FALSE(none.problems());

  const auto null = with_body(R"({"zone":null,"n":null,"b":null,"c":null,"l":null,"o":null})");
  body_reader all{null};
  all.text("zone", {.fallback = "UTC"});
  all.integer("n", {.fallback = 3});
  all.boolean("b", {.fallback = true});
  all.choice("c", {.of = {"x"}, .fallback = "x"});
  all.list("l");
  all.object("o");
  EXPECT_EQ(told(all.problems()),
            (lines{"body.zone: Input should be a valid string", "body.n: Input should be a valid integer",
                   "body.b: Input should be a valid boolean", "body.c: Input should be 'x'",
                   "body.l: Input should be a valid list", std::string{"body.o: "} + model_text}));
}

TEST(body_reader, absent_and_null_are_nothing_where_that_is_allowed) {
  for (const auto* text : {"{}", R"({"a":null})"}) {
    const auto in = with_body(text);
    body_reader body{in};
    EXPECT_FALSE(body.optional_text("a"));
    EXPECT_FALSE(body.optional_integer("a"));
    EXPECT_FALSE(body.optional_boolean("a"));
    EXPECT_FALSE(body.optional_time("a"));
    EXPECT_FALSE(body.optional_uuid("a"));
    EXPECT_FALSE(body.optional_choice("a", {.of = {"x"}}));
    EXPECT_FALSE(body.optional_object("a"));
    EXPECT_FALSE(body.optional_list("a"));
    EXPECT_FALSE(body.optional_text_map("a"));
    EXPECT_EQ(body.free_object("a"), nullptr);
    EXPECT_EQ(body.free_value("a"), nullptr);
    EXPECT_FALSE(body.problems()) << text;
    EXPECT_EQ(body.contains("a"), std::string_view{text} != "{}");
  }
}

TEST(body_reader, counts_length_in_code_points) {
  const auto in = with_body(R"({"five":"äöüé😀","six":"123456","empty":""})");
  body_reader body{in};
  body.text("five", {.length_max = 5});
  body.text("six", {.length_max = 5});
  body.text("empty", {.length_min = 1});
  EXPECT_EQ(told(body.problems()), (lines{"body.six: String should have at most 5 characters",
                                          "body.empty: String should have at least 1 character"}));
}

TEST(body_reader, keeps_integers_in_their_range) {
  const auto in =
      with_body(R"({"low":0,"high":11,"column":2147483648,"huge":99999999999999999999,"max":9223372036854775807})");
  body_reader body{in};
  body.integer("low", {.min = 1, .max = 10});
  body.integer("high", {.min = 1, .max = 10});
  body.integer("column");
  body.integer("huge", {.min = 0, .max = INT64_MAX});
  EXPECT_EQ(body.integer("max", {.min = 0, .max = INT64_MAX}), INT64_MAX);
  EXPECT_EQ(told(body.problems()), (lines{"body.low: Input should be greater than or equal to 1",
                                          "body.high: Input should be less than or equal to 10",
                                          "body.column: Input should be less than or equal to 2147483647",
                                          "body.huge: Input should be less than or equal to 9223372036854775807"}));
}

TEST(body_reader, names_the_choices) {
  const auto in = with_body(R"({"one":"x","two":"x","three":1})");
  body_reader body{in};
  body.choice("one", {.of = {"long"}});
  body.choice("two", {.of = {"a", "b"}});
  body.choice("three", {.of = {"a", "b", "c"}});
  EXPECT_EQ(told(body.problems()), (lines{"body.one: Input should be 'long'", "body.two: Input should be 'a' or 'b'",
                                          "body.three: Input should be 'a', 'b' or 'c'"}));
}

TEST(body_reader, refuses_the_null_character_wherever_text_goes) {
  const auto in = with_body(
      R"({"text":"\u0000","map":{"a":"\u0000","k\u0000":"v"},"free":{"a":["\u0000"]},"kept":{"a":"\u0000"}})");
  body_reader body{in};
  body.text("text");
  body.optional_text_map("map");
  EXPECT_EQ(body.free_object("free"), nullptr);
  EXPECT_NE(body.free_object("kept", null_characters::allowed), nullptr) << "the handler has its own answer";
  const auto problems = told(body.problems());
  ASSERT_EQ(problems.size(), 4u);
  EXPECT_EQ(problems[0], "body.text: Input should not contain the character U+0000");
  EXPECT_TRUE(problems[1].starts_with("body.map.a: "));
  EXPECT_TRUE(problems[3].starts_with("body.free: "));
}

TEST(body_reader, a_lone_surrogate_is_a_problem_of_the_field_that_holds_it) {
  constexpr const char* told_text = "Input should be a valid string, unable to parse raw data as a unicode string";
  request in;
  in.body = R"({"t":"\ud800","c":"\udc00","m":{"k":"\ud800","\ud801":"v"},"f":{"a":["\ud800"]},"l":[{"\udfff":1}],)"
            R"("v":"\ud800","\ud800":1,"ignored":"\ud800"})";
  in.json = *json::parse(in.body, json::depth_limit_default, json::lone_surrogates::kept);
  body_reader body{in};
  body.text("t");
  body.choice("c", {.of = {"a", "b"}});
  body.optional_text_map("m");
  EXPECT_EQ(body.free_object("f", null_characters::allowed), nullptr);
  EXPECT_EQ(body.free_list("l"), nullptr);
  EXPECT_EQ(body.free_value("v"), nullptr);
  const std::string replaced = "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"; // what the answer says must be UTF-8
  EXPECT_THAT(told(body.problems()),
              testing::ElementsAre(std::string{"body.t: "} + told_text, "body.c: Input should be 'a' or 'b'",
                                   std::string{"body.m.k: "} + told_text, "body.m." + replaced + ": " + told_text,
                                   std::string{"body.f: "} + told_text, std::string{"body.l: "} + told_text,
                                   std::string{"body.v: "} + told_text));
  body.refuse_unknown();
  EXPECT_EQ(told(body.problems()).at(7), "body." + replaced + ": Extra inputs are not permitted");
}

TEST(body_reader, free_json_must_be_of_its_kind) {
  const auto in = with_body(R"({"a":[],"b":{},"c":1})");
  body_reader body{in};
  body.free_object("a");
  body.free_list("b");
  EXPECT_NE(body.free_value("c"), nullptr);
  EXPECT_EQ(told(body.problems()),
            (lines{"body.a: Input should be a valid dictionary", "body.b: Input should be a valid list"}));
}

TEST(body_reader, lists_unknown_members_last_and_in_their_order) {
  const auto in = with_body(R"({"z":1,"name":1,"a":2,"nested":{"known":1,"other":2}})");
  body_reader body{in};
  body.text("name");
  auto nested = body.object("nested");
  nested.integer("known");
  nested.refuse_unknown();
  body.refuse_unknown();
  EXPECT_EQ(told(body.problems()),
            (lines{"body.name: Input should be a valid string", "body.nested.other: Extra inputs are not permitted",
                   "body.z: Extra inputs are not permitted", "body.a: Extra inputs are not permitted"}));
}

TEST(body_reader, a_rule_about_the_whole_is_told_at_the_whole) {
  const auto in = with_body(R"({"callback":{}})");
  body_reader body{in};
  auto callback = body.object("callback");
  EXPECT_TRUE(callback.clean());
  callback.value_error("url is required");
  EXPECT_FALSE(callback.clean());
  body.value_error("transport and callback do not fit");
  body.reject("status", "Input should be a valid status");
  EXPECT_EQ(told(body.problems()), (lines{"body.callback: Value error, url is required",
                                          "body: Value error, transport and callback do not fit",
                                          "body.status: Input should be a valid status"}));
}

TEST(body_reader, notes_its_problems_behind_those_of_the_query) {
  auto in = with_body("{}");
  in.query = {{"limit", "x"}};
  in.path_params = {"no-uuid"};
  query_reader query{in};
  query.path_uuid(0, "user_id");
  query.integer("limit", {.fallback = 1});
  body_reader body{in, query};
  EXPECT_TRUE(body.clean()) << "nothing is wrong with the body yet";
  body.text("name");
  const auto problems = told(body.problems());
  ASSERT_EQ(problems.size(), 3u);
  EXPECT_TRUE(problems[0].starts_with("path.user_id: Input should be a valid UUID"));
  EXPECT_TRUE(problems[1].starts_with("query.limit: "));
  EXPECT_EQ(problems[2], "body.name: Field required");
}

TEST(query_reader, coerces_like_a_body_and_takes_the_last_of_repeated_names) {
  const auto in = with_query(
      {{"limit", "abc"}, {"limit", "7.0"}, {"dry", "on"}, {"since", "2026-01-02T03:04:05Z"}, {"status", ""}});
  query_reader query{in};
  EXPECT_EQ(query.integer("limit", {.min = 1, .max = 100, .fallback = 50}), 7);
  EXPECT_EQ(query.integer("offset", {.min = 0, .fallback = 0}), 0);
  EXPECT_TRUE(query.boolean("dry", {.fallback = false}));
  EXPECT_EQ(query.optional_text("status"), "");
  EXPECT_FALSE(query.optional_text("other"));
  EXPECT_TRUE(query.optional_time("since"));
  EXPECT_FALSE(query.problems());
}

TEST(query_reader, tells_what_is_wrong) {
  const auto in = with_query({{"limit", ""},
                              {"offset", "9223372036854775808"},
                              {"dry", "2"},
                              {"since", "now"},
                              {"text", std::string("\0", 1)}});
  query_reader query{in};
  query.text("needed");
  query.integer("limit", {.fallback = 1});
  query.integer("offset", {.min = 0, .max = INT64_MAX, .fallback = 0});
  query.boolean("dry", {.fallback = false});
  query.optional_time("since");
  query.optional_text("text");
  EXPECT_EQ(told(query.problems()),
            (lines{"query.needed: Field required",
                   "query.limit: Input should be a valid integer, unable to parse string as an integer",
                   "query.offset: Input should be less than or equal to 9223372036854775807",
                   "query.dry: Input should be a valid boolean, unable to interpret input",
                   "query.since: Input should be a valid datetime or date, input is too short",
                   "query.text: Input should not contain the character U+0000"}));
}

} // namespace
} // namespace cued::http
