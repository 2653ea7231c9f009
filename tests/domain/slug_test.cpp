#include "domain/slug.hpp"

#include <gtest/gtest.h>

using cued::slug_from;
using cued::slug_variant;

TEST(slug, runs_of_other_characters_become_one_hyphen) {
  EXPECT_EQ(slug_from("A.B+c_d", "user"), "a-b-c-d");
  EXPECT_EQ(slug_from("My   Agent", "agent"), "my-agent");
  EXPECT_EQ(slug_from("a--..b", "user"), "a-b");
}

TEST(slug, hyphens_at_the_ends_are_trimmed) { EXPECT_EQ(slug_from("..ada..", "user"), "ada"); }

TEST(slug, text_without_a_letter_or_digit_gives_the_fallback) {
  EXPECT_EQ(slug_from("---", "user"), "user");
  EXPECT_EQ(slug_from("日本", "agent"), "agent");
  EXPECT_EQ(slug_from("", "user"), "user");
}

TEST(slug, letters_outside_ascii_do_not_count) { EXPECT_EQ(slug_from("Ünï Côde", "agent"), "n-c-de"); }

TEST(slug, a_lower_case_form_inside_ascii_counts) {
  EXPECT_EQ(slug_from("\u212Aim", "user"), "kim");
  EXPECT_EQ(slug_from("\u0130st", "user"), "i-st");
}

TEST(slug, is_cut_to_60_characters_even_behind_a_hyphen) {
  EXPECT_EQ(slug_from(std::string(80, 'a'), "user"), std::string(60, 'a'));
  EXPECT_EQ(slug_from(std::string(59, 'a') + ".b", "user"), std::string(59, 'a') + "-");
}

TEST(slug, a_variant_fits_the_column) {
  const std::string longest(60, 'a');
  EXPECT_EQ(slug_variant(longest, "0f3c"), std::string(59, 'a') + "-0f3c");
  EXPECT_EQ(slug_variant(longest, "0f3c12ab"), std::string(55, 'a') + "-0f3c12ab");
  EXPECT_EQ(slug_variant("ada", "0f3c"), "ada-0f3c");
}
