#include "security/email_address.hpp"

#include <gtest/gtest.h>

using cued::security::local_part;
using cued::security::normalise_email;

namespace {

std::string normalised(std::string_view text) { return normalise_email(text).value_or("refused"); }
bool refused(std::string_view text) { return !normalise_email(text).has_value(); }

} // namespace

TEST(email_address, only_the_domain_is_lower_cased) {
  EXPECT_EQ(normalised("Case@Example.COM"), "Case@example.com");
  EXPECT_EQ(normalised("a@test.com"), "a@test.com");
}

TEST(email_address, blanks_around_and_a_display_name_are_dropped) {
  EXPECT_EQ(normalised("  a@b.com\n"), "a@b.com");
  EXPECT_EQ(normalised("Ada Lovelace <a@b.com>"), "a@b.com");
  EXPECT_EQ(normalised("\"Lovelace, Ada\" < a@b.com >"), "a@b.com");
}

TEST(email_address, a_punycode_domain_is_stored_in_unicode) {
  EXPECT_EQ(normalised("a@xn--bcher-kva.example"), "a@bücher.example");
  EXPECT_EQ(normalised("a@BÜCHER.example"), "a@bücher.example");
}

TEST(email_address, a_local_part_may_be_utf_8) { EXPECT_EQ(normalised("jörg@b.com"), "jörg@b.com"); }

TEST(email_address, special_domains_are_refused_also_as_last_label) {
  for (const auto* text : {"a@localhost", "a@b.test", "a@b.local", "a@b.onion", "a@b.invalid", "a@in-addr.arpa"})
    EXPECT_TRUE(refused(text)) << text;
}

TEST(email_address, periods_must_separate_something) {
  for (const auto* text : {".a@b.com", "a.@b.com", "a..c@b.com", "a@.b.com", "a@b.com.", "a@b..com"})
    EXPECT_TRUE(refused(text)) << text;
}

TEST(email_address, what_is_no_address_is_refused) {
  for (const auto* text : {"", "a", "@b.com", "a@", "a@b", "a b@c.com", "\"a b\"@c.com", "a@[127.0.0.1]", "a@1.2.3.4",
                           "a@-b.com", "a@b-.com", "a@b_c.com", "a@ab--c.com", "a@b@c.com", "a\xc2\xa0@b.com"})
    EXPECT_TRUE(refused(text)) << text;
  EXPECT_TRUE(refused(std::string_view{"a\0b@c.com", 9}));
  EXPECT_TRUE(refused(std::string_view{"a@b\0c.com", 9}));
}

TEST(email_address, lengths_are_limited) {
  const std::string longest_label(63, 'b');
  EXPECT_FALSE(refused("a@" + longest_label + ".com"));
  EXPECT_TRUE(refused("a@b" + longest_label + ".com"));
  EXPECT_FALSE(refused(std::string(254 - 6, 'a') + "@b.com"));
  EXPECT_TRUE(refused(std::string(255 - 6, 'a') + "@b.com"));
  EXPECT_TRUE(refused(std::string(2043, ' ') + "a@b.com"));
}

TEST(email_address, local_part_is_what_precedes_the_sign) { EXPECT_EQ(local_part("a.b@c.com"), "a.b"); }
