#include "bench/growth/series.hpp"

#include <gmock/gmock.h>

namespace cued::bench {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

growth_result sample() {
  return {growth_axis::history,
          {{1e5, {{"reads per second", 9000}, {"list, p50 ms", 1}}},
           {1e6, {{"reads per second", 8900}}},
           {1e7, {{"reads per second", 8800}, {"list, p50 ms", 100}}}},
          {}};
}

TEST(growth_series, sizes_are_powers_of_ten_with_both_ends) {
  EXPECT_THAT(sizes_between(1e3, 1e7), ElementsAre(1e3, 1e4, 1e5, 1e6, 1e7));
}

TEST(growth_series, an_end_between_two_powers_is_not_reached) {
  EXPECT_THAT(sizes_between(1, 250), ElementsAre(1, 10, 100));
  EXPECT_THAT(sizes_between(1000, 999), IsEmpty());
}

TEST(growth_series, of_nodes_every_number_is_a_size) { EXPECT_THAT(numbers_between(1, 4), ElementsAre(1, 2, 3, 4)); }

TEST(growth_series, each_figure_becomes_a_curve_over_the_sizes_that_have_it) {
  const auto curves = curves_of(sample());
  ASSERT_THAT(curves, SizeIs(2));
  EXPECT_EQ(curves[0].title, "list, p50 ms by history");
  EXPECT_EQ(curves[0].x_name, "history");
  EXPECT_EQ(curves[0].y_name, "list, p50 ms");
  EXPECT_THAT(curves[0].points, ElementsAre(Pair(1e5, 1), Pair(1e7, 100)));
  EXPECT_THAT(curves[1].points, ElementsAre(Pair(1e5, 9000), Pair(1e6, 8900), Pair(1e7, 8800)));
}

TEST(growth_series, the_exponent_tells_linear_from_constant_growth) {
  const curve linear{"", "", "", {{10, 3}, {100, 30}, {1000, 300}}};
  const curve constant{"", "", "", {{10, 5}, {100, 5}, {1000, 5}}};
  const curve root{"", "", "", {{1, 2}, {100, 20}, {10000, 200}}};
  EXPECT_THAT(exponent_of(linear), DoubleNear(1, 1e-9));
  EXPECT_THAT(exponent_of(constant), DoubleNear(0, 1e-9));
  EXPECT_THAT(exponent_of(root), DoubleNear(0.5, 1e-9));
}

TEST(growth_series, one_point_or_the_same_size_twice_has_no_exponent) {
  EXPECT_EQ(exponent_of({"", "", "", {{10, 3}}}), 0);
  EXPECT_EQ(exponent_of({"", "", "", {{10, 3}, {10, 4}}}), 0);
}

TEST(growth_series, a_point_without_a_logarithm_is_left_out_of_the_exponent) {
  EXPECT_THAT(exponent_of({"", "", "", {{1, 0}, {10, 3}, {100, 30}}}), DoubleNear(1, 1e-9));
}

TEST(growth_series, as_csv_has_a_row_for_each_size_and_an_empty_cell_where_nothing_was_measured) {
  EXPECT_EQ(csv_of(sample()), "history,\"list, p50 ms\",reads per second\n"
                              "100000,1,9000\n"
                              "1000000,,8900\n"
                              "10000000,100,8800\n");
}

TEST(growth_axis, is_known_by_its_name_and_by_no_other) {
  for (const auto axis : {growth_axis::cues, growth_axis::history, growth_axis::tenants, growth_axis::nodes})
    EXPECT_EQ(read_growth_axis(name_of(axis)).value(), axis);
  EXPECT_FALSE(read_growth_axis("users"));
}

} // namespace
} // namespace cued::bench
