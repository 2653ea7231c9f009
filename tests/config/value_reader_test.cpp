#include "config/value_reader.hpp"

#include <gmock/gmock.h>

namespace cued::config {

TEST(value_reader, an_integer_may_have_blanks_sign_underscores_and_a_zero_fraction) {
  for (const auto& [text, expected] : std::vector<std::pair<const char*, int>>{
           {"5", 5}, {" 5\t", 5}, {"+5", 5}, {"-5", -5}, {"1_000", 1000}, {"5.0", 5}, {"5.00", 5}, {"007", 7}})
    EXPECT_EQ(read_integer(text), expected) << text;
}

TEST(value_reader, other_text_is_not_an_integer) {
  for (const char* text :
       {"", " ", "five", "5.5", "5.", ".0", "1__0", "_1", "1_", "0x10", "1e3", "5 6", "--5", "99999999999"})
    EXPECT_EQ(read_integer(text), std::nullopt) << text;
}

TEST(value_reader, a_number_is_decimal_and_finite) {
  EXPECT_EQ(read_number(" 2.5 "), 2.5);
  EXPECT_EQ(read_number("+2"), 2.0);
  EXPECT_EQ(read_number("-.5"), -0.5);
  for (const char* text : {"", "nan", "inf", "2,5", "+-1", "1 2"})
    EXPECT_EQ(read_number(text), std::nullopt) << text;
}

TEST(value_reader, a_boolean_is_one_of_twelve_words_in_any_case_without_blanks) {
  for (const char* text : {"true", "T", "Yes", "y", "ON", "1"})
    EXPECT_EQ(read_boolean(text), true) << text;
  for (const char* text : {"FALSE", "f", "no", "N", "off", "0"})
    EXPECT_EQ(read_boolean(text), false) << text;
  for (const char* text : {"", " true", "true ", "2", "enabled"})
    EXPECT_EQ(read_boolean(text), std::nullopt) << text;
}

TEST(value_reader, a_list_is_split_at_commas_and_trimmed) {
  EXPECT_THAT(read_list(" a, b ,,c"), ::testing::ElementsAre("a", "b", "c"));
  EXPECT_THAT(read_list(""), ::testing::IsEmpty());
}

TEST(value_reader, a_network_is_an_address_with_or_without_a_prefix_length) {
  for (const char* text : {"10.0.0.1", "10.0.0.0/8", "0.0.0.0/0", "::1", "fd00::/8", "::/128"})
    EXPECT_TRUE(is_network(text)) << text;
  for (const char* text : {"", "10.0.0", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "localhost", "/8",
                           "10.0.0.1/8", "fd00::1/8"})
    EXPECT_FALSE(is_network(text)) << text;
  EXPECT_FALSE(is_network({"10.0.0.1\0x", 10}));
}

TEST(value_reader, an_origin_is_scheme_and_host_and_nothing_else) {
  for (const char* text : {"https://app.example", "http://localhost:3000"})
    EXPECT_TRUE(is_web_origin(text)) << text;
  for (const char* text :
       {"", "app.example", "https://", "https://app.example/", "ftp://x", "https://u@h", "https://*.x"})
    EXPECT_FALSE(is_web_origin(text)) << text;
}

} // namespace cued::config
