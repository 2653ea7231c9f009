#include "security/html_escaping.hpp"

#include <gtest/gtest.h>

namespace cued::security {
namespace {

TEST(html_escaping, text_of_strangers_cannot_become_markup) {
  EXPECT_EQ(html_escaped(R"(<b a="1" c='2'>&)"), "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;");
}

TEST(html_escaping, other_text_stays_as_it_is) {
  EXPECT_EQ(html_escaped("Z\xc3\xbcrich; 5 % (a)"), "Z\xc3\xbcrich; 5 % (a)");
}

} // namespace
} // namespace cued::security
