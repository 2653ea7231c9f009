#include "persistence/ready_looks.hpp"

#include <gtest/gtest.h>

namespace cued::test {
namespace {

using namespace std::chrono_literals;
using persistence::ready_looks;

class looks : public testing::Test {
protected:
  /// A look at all, of so long, which finds its oldest so long before the present.
  void look(std::chrono::milliseconds took, std::optional<std::chrono::seconds> oldest_ago = std::nullopt,
            const std::string& user = "ann") {
    const auto began = now_;
    now_ += took;
    seen_at_ += took;
    looks_.ended(user, began, now_, oldest_ago ? std::optional{seen_at_ - *oldest_ago} : std::nullopt, seen_at_);
  }
  [[nodiscard]] std::optional<instant> begin(const std::string& user = "ann") const { return looks_.begin(user, now_); }

  ready_looks looks_;
  ready_looks::clock::time_point now_{1h};
  instant seen_at_{std::chrono::hours{24 * 365 * 50}};
};

TEST_F(looks, go_back_to_the_beginning_as_long_as_that_is_quick) {
  EXPECT_FALSE(begin());
  for (int i = 0; i < 10; ++i) {
    look(1ms);
    EXPECT_FALSE(begin());
  }
}

TEST_F(looks, are_not_called_slow_for_one_that_had_to_wait) {
  for (int i = 0; i < 10; ++i) {
    look(500ms);
    look(500ms);
    EXPECT_FALSE(begin());
    look(1ms);
  }
}

TEST_F(looks, begin_later_once_all_of_it_is_slow_and_see_all_for_a_twentieth_of_the_time) {
  for (int i = 0; i < 3; ++i)
    look(100ms);
  EXPECT_EQ(begin(), seen_at_ - 10s);
  now_ += 1899ms;
  EXPECT_TRUE(begin());
  now_ += 1ms;
  EXPECT_FALSE(begin());
  EXPECT_FALSE(begin("bob")) << "of others nothing is known";
  look(1ms);
  EXPECT_FALSE(begin()) << "it is quick again";
}

TEST_F(looks, never_begin_behind_the_oldest) {
  for (int i = 0; i < 3; ++i)
    look(100ms, 60s);
  EXPECT_EQ(begin(), seen_at_ - 60s);
  now_ += 10s;
  seen_at_ += 10s;
  look(100ms, 2s);
  EXPECT_EQ(begin(), seen_at_ - 10s);
}

} // namespace
} // namespace cued::test
