#pragma once

#include <string>
#include <vector>

#include "bench/growth/growth.hpp"
#include "bench/report/report.hpp"

/// The arithmetic of growth. Pure.
namespace cued::bench {

/// Powers of ten from `least` to `most`, both included if they are such; of nodes every number.
[[nodiscard]] std::vector<double> sizes_between(double least, double most);
[[nodiscard]] std::vector<double> numbers_between(double least, double most);

/// One curve for each figure, in the order of their names; a point without that figure is left out.
[[nodiscard]] std::vector<curve> curves_of(const growth_result& of);

/// The exponent k of y ~ x^k by least squares in logarithms: 0 constant, 1 linear. 0 with fewer than two points; points
/// that have no logarithm are left out.
[[nodiscard]] double exponent_of(const curve& of);

/// One line for each size, a column for each figure; commas between, the header first.
[[nodiscard]] std::string csv_of(const growth_result& of);

} // namespace cued::bench
