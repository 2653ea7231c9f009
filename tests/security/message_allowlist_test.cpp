#include "security/message_allowlist.hpp"

#include <gmock/gmock.h>

namespace cued::security {
namespace {

TEST(message_allowlist, a_pair_allows_one_direction) {
  const message_allowlist list{"ann:bob,bob:eve"};
  EXPECT_TRUE(list.allows("ann", "bob"));
  EXPECT_TRUE(list.allows("bob", "eve"));
  EXPECT_FALSE(list.allows("bob", "ann"));
  EXPECT_FALSE(list.allows("ann", "eve"));
}

TEST(message_allowlist, blanks_are_dropped_and_letter_case_counts) {
  const message_allowlist list{" ann : bob ,\n Eve:Bob\t"};
  EXPECT_TRUE(list.allows("ann", "bob"));
  EXPECT_TRUE(list.allows("Eve", "Bob"));
  EXPECT_FALSE(list.allows("eve", "bob"));
  EXPECT_TRUE(list.skipped().empty());
}

TEST(message_allowlist, an_entry_is_split_at_its_first_colon) {
  EXPECT_TRUE(message_allowlist{"ann:bob:c"}.allows("ann", "bob:c"));
}

TEST(message_allowlist, what_is_no_pair_allows_nothing_and_is_told) {
  const message_allowlist list{"ann, :bob,eve:, : ,,ann:bob"};
  EXPECT_THAT(list.skipped(), testing::ElementsAre("ann", ":bob", "eve:", ":"));
  EXPECT_TRUE(list.allows("ann", "bob"));
  EXPECT_FALSE(list.allows("", "bob"));
  EXPECT_FALSE(list.allows("eve", ""));
  EXPECT_FALSE(message_allowlist{""}.allows("", ""));
}

} // namespace
} // namespace cued::security
