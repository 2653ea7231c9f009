#include "config/dotenv.hpp"

#include <gmock/gmock.h>

namespace cued::config {

namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

dotenv_file parse(std::string_view text) {
  return parse_dotenv(text, [](const std::string& name) {
    return name == "HOME" ? std::optional<std::string>{"/home/ada"} : std::nullopt;
  });
}

std::string value_of(std::string_view text) {
  const auto file = parse(text);
  EXPECT_THAT(file.lines_not_understood, IsEmpty()) << text;
  EXPECT_EQ(file.values.size(), 1U) << text;
  return file.values.empty() ? "" : file.values.front().second;
}

} // namespace

TEST(dotenv, names_and_values_are_read_in_order_and_repeated_names_are_kept) {
  EXPECT_THAT(parse("PORT=1\n\n  HOST = h \nPORT=2").values,
              ElementsAre(Pair("PORT", "1"), Pair("HOST", "h"), Pair("PORT", "2")));
}

TEST(dotenv, export_before_a_name_is_dropped) {
  EXPECT_THAT(parse("export PORT=1\nexported=2").values, ElementsAre(Pair("PORT", "1"), Pair("exported", "2")));
}

TEST(dotenv, a_hash_begins_a_comment_only_after_a_blank) {
  EXPECT_EQ(value_of("A=a#b"), "a#b");
  EXPECT_EQ(value_of("A=a #b"), "a");
  EXPECT_EQ(value_of("A='x' # why"), "x");
  EXPECT_EQ(value_of("A= # only a comment"), "");
  EXPECT_THAT(parse("# A=1\n  # B=2").values, IsEmpty());
}

TEST(dotenv, unquoted_values_are_trimmed_and_may_be_empty) {
  EXPECT_EQ(value_of("A=  some words  "), "some words");
  EXPECT_EQ(value_of("A="), "");
  EXPECT_EQ(value_of("A=1\r\n"), "1");
}

TEST(dotenv, double_quotes_decode_escapes_and_may_span_lines) {
  EXPECT_EQ(value_of(R"(A="x\ty\"z\\ \q")"), "x\ty\"z\\ \\q");
  EXPECT_EQ(value_of("A=\"one\ntwo\""), "one\ntwo");
}

TEST(dotenv, single_quotes_are_literal) { EXPECT_EQ(value_of("A='${HOME} \\n #'"), "${HOME} \\n #"); }

TEST(dotenv, a_value_that_doubles_itself_ends_at_a_limit_and_not_with_the_memory) {
  std::string text = "A=0123456789\n";
  for (int i = 0; i < 60; ++i)
    text += "A=${A}${A}\n";
  const auto file = parse(text);
  ASSERT_FALSE(file.values.empty());
  for (const auto& [name, value] : file.values)
    EXPECT_LE(value.size(), dotenv_value_bytes_max);
  EXPECT_FALSE(file.lines_not_understood.empty());
}

TEST(dotenv, variables_come_from_the_file_first_then_from_the_environment) {
  EXPECT_EQ(value_of("A=${HOME}/x"), "/home/ada/x");
  EXPECT_THAT(parse("HOME=/else\nA=\"${HOME}!\"").values, ElementsAre(Pair("HOME", "/else"), Pair("A", "/else!")));
  EXPECT_EQ(value_of("A=<${UNKNOWN}>"), "<>");
  EXPECT_EQ(value_of("A=${UNKNOWN:-5}6"), "56");
  EXPECT_EQ(value_of("A=$HOME ${open"), "$HOME ${open");
}

TEST(dotenv, a_name_without_an_equals_sign_is_ignored) {
  EXPECT_THAT(parse("PORT\nHOST=h").values, ElementsAre(Pair("HOST", "h")));
}

TEST(dotenv, a_line_that_is_not_understood_is_reported_and_the_rest_is_read) {
  const auto file = parse("A=1\nB=\"x\" y\nC='open\nD=4\nE=5");
  EXPECT_THAT(file.values, ElementsAre(Pair("A", "1"), Pair("D", "4"), Pair("E", "5")));
  EXPECT_THAT(file.lines_not_understood, ElementsAre(2, 3));
}

TEST(dotenv, a_byte_order_mark_is_not_part_of_the_first_name) {
  EXPECT_THAT(parse("\xEF\xBB\xBFPORT=1").values, ElementsAre(Pair("PORT", "1")));
}

} // namespace cued::config
