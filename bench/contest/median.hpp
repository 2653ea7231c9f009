#pragma once

#include <algorithm>
#include <vector>

namespace cued::bench {

/// The middle of them, of an even number the mean of the two in the middle; 0 when there are none.
[[nodiscard]] inline double median_of(std::vector<double> values) {
  if (values.empty())
    return 0;
  std::ranges::sort(values);
  const auto middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

} // namespace cued::bench
