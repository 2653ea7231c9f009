#include "domain/json/value.hpp"

#include <limits>

#include <gtest/gtest.h>

namespace cued::json {
namespace {

TEST(json_writer, commas_stand_between_members_and_elements_only) {
  writer w;
  w.begin_object().key("id").string("x").key("n").number(-3).key("list").begin_array();
  w.number(1).begin_object().end_object().begin_array().end_array().null().boolean(true).string("é\n").end_array();
  w.key("raw").raw(R"({"a":1})").key("last").boolean(false).end_object();
  EXPECT_EQ(std::move(w).str(), R"({"id":"x","n":-3,"list":[1,{},[],null,true,"é\n"],"raw":{"a":1},"last":false})");
}

TEST(json_writer, what_is_absent_is_null) {
  writer w;
  w.begin_array().string_or_null(std::nullopt).string_or_null("a").number_or_null(std::nullopt).number_or_null(5);
  w.raw_or_null(std::nullopt).raw_or_null("[]").end_array();
  EXPECT_EQ(w.view(), R"([null,"a",null,5,null,[]])");
}

TEST(json_writer, the_widest_integers_fit) {
  writer w;
  w.begin_array().number(std::numeric_limits<std::int64_t>::min()).number(std::numeric_limits<std::int64_t>::max());
  w.end_array();
  EXPECT_EQ(w.view(), "[-9223372036854775808,9223372036854775807]");
}

TEST(json_writer, strings_and_names_are_escaped) {
  writer w;
  w.begin_object().key("a\"b").string(std::string("\\\0\x1F\x7F", 4)).end_object();
  EXPECT_EQ(w.view(), "{\"a\\\"b\":\"\\\\\\u0000\\u001f\x7F\"}");
}

TEST(json_writer, what_is_written_can_be_read) {
  writer w;
  w.begin_object().key("\u2028\t").string("\"\\/\b\f\r").key("").begin_array().end_array().end_object();
  const auto v = parse(w.view());
  ASSERT_TRUE(v.has_value());
  EXPECT_EQ(compact(*v), w.view());
}

} // namespace
} // namespace cued::json
