#include "domain/placement.hpp"

#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>

namespace cued {
namespace {

constexpr int ids = 10'000;

std::string id(int n) { return "cue_" + std::to_string(n); }

TEST(placement, without_nodes_nobody_is_in_charge) { EXPECT_EQ(node_in_charge("cue_1", {}), std::nullopt); }

TEST(placement, does_not_depend_on_the_order_of_the_nodes) {
  const std::vector<std::int64_t> one_way{3, 7, 12}, other_way{12, 3, 7};
  for (int n = 0; n < ids; ++n)
    EXPECT_EQ(node_in_charge(id(n), one_way), node_in_charge(id(n), other_way));
}

TEST(placement, gives_every_node_about_as_much) {
  const std::vector<std::int64_t> nodes{1, 2, 3, 4, 5};
  std::map<std::int64_t, int> share;
  for (int n = 0; n < ids; ++n)
    ++share[node_in_charge(id(n), nodes).value()];
  for (const auto node : nodes)
    EXPECT_NEAR(share[node], ids / 5, ids / 50) << node;
}

TEST(placement, moves_only_what_the_node_that_went_had) {
  const std::vector<std::int64_t> before{1, 2, 3}, after{1, 3};
  for (int n = 0; n < ids; ++n) {
    const auto had = node_in_charge(id(n), before).value();
    const auto has = node_in_charge(id(n), after).value();
    if (had != 2) {
      EXPECT_EQ(has, had);
    }
  }
}

} // namespace
} // namespace cued
