#include <gtest/gtest.h>

#include "http/middleware/json_body.hpp"

namespace cued::http {
namespace {

TEST(json_body, media_types_of_json_are_recognised) {
  for (const auto* type : {"application/json", "Application/JSON", "application/json; charset=utf-16",
                           "application/json;charset=x", "application/problem+json", "application/vnd.a.b+JSON ; v=1"})
    EXPECT_TRUE(is_json_media_type(type)) << type;
  for (const auto* type : {"", "text/json", "application/jsonp", "application/+json", "text/plain",
                           "application/x-www-form-urlencoded", "multipart/form-data"})
    EXPECT_FALSE(is_json_media_type(type)) << type;
}

result<void> parse(request& in, std::string body, std::string type = "application/json") {
  in.body = std::move(body);
  in.headers.emplace_back("content-type", std::move(type));
  return parse_json_body(in);
}

TEST(json_body, is_parsed_where_it_is_announced) {
  request in;
  ASSERT_TRUE(parse(in, "\xEF\xBB\xBF{\"a\":1}"));
  ASSERT_TRUE(in.json);
  EXPECT_NE(in.json->find("a"), nullptr);
}

TEST(json_body, is_left_alone_where_something_else_is_announced) {
  request in;
  EXPECT_TRUE(parse(in, "{", "text/plain"));
  EXPECT_FALSE(in.json);
}

TEST(json_body, may_be_absent) {
  request in;
  EXPECT_TRUE(parse(in, ""));
  EXPECT_FALSE(in.json);
}

TEST(json_body, that_is_malformed_is_an_error) {
  for (const auto* text :
       {"{", "{\"a\":1,}", "[1] 2", "// c\n1", "{'a':1}", "NaN", "-Infinity", "1e999", "\"\\ud8\"", "\"a\nb\"", "  "}) {
    request in;
    const auto parsed = parse(in, text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().status, 400) << text;
    EXPECT_EQ(parsed.error().code, "invalid_json") << text;
  }
}

TEST(json_body, a_lone_surrogate_is_left_for_the_field_that_holds_it) {
  request in;
  ASSERT_TRUE(parse(in, R"({"a":"\ud800"})"));
  EXPECT_TRUE(json::holds_lone_surrogate(*in.json));
}

TEST(json_body, that_cannot_be_read_at_all_is_another_error) {
  for (const std::string& text :
       {std::string{"\"\xFF\""}, std::string(2000, '[') + std::string(2000, ']'), std::string(4301, '1')}) {
    request in;
    const auto parsed = parse(in, text);
    ASSERT_FALSE(parsed) << text.substr(0, 20);
    EXPECT_EQ(parsed.error().code, "http_error") << text.substr(0, 20);
  }
}

} // namespace
} // namespace cued::http
