#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "domain/error.hpp"

namespace cued::bench {

/// One who does the same work as the others of a contest, on the same machine with the same durability.
class contestant {
public:
  virtual ~contestant() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual result<void> prepare() { return {}; } ///< once, before the first round
  /// One round: operations per second.
  [[nodiscard]] virtual result<double> round(std::chrono::seconds duration) = 0;
};

struct contest_result {
  struct line {
    std::string name;
    std::vector<double> per_second; ///< by round
    double median = 0;
    /// Of the first contestant to this one, round by round: > 1 means that the first is faster.
    double ratio_median = 0, ratio_low = 0, ratio_high = 0;
    std::string unavailable; ///< why it did not take part, in words
  };
  std::string title;
  std::vector<line> lines;
};

/// Interleaves the contestants: each round every one once, the order turning, so that what the machine does to one it
/// does to all. The first one is what the others are measured against. One that cannot take part is reported so.
[[nodiscard]] contest_result hold_contest(std::string title, const std::vector<std::unique_ptr<contestant>>& field,
                                          std::size_t rounds, std::chrono::seconds duration);

} // namespace cued::bench
