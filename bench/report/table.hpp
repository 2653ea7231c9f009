#pragma once

#include <string>
#include <vector>

#include "bench/report/report.hpp"

/// The report for a terminal: plain text in columns.
namespace cued::bench {

[[nodiscard]] std::string text_of(const measurement& m);
[[nodiscard]] std::string text_of(const contest_result& c);
[[nodiscard]] std::string text_of(const curve& c);
[[nodiscard]] std::string text_of(const std::vector<bar>& bars);
[[nodiscard]] std::string text_of(const conditions& on);
/// Medians of runs that were repeated; empty if none was.
[[nodiscard]] std::string text_of_repetitions(const std::vector<measurement>& runs);

/// Rows of cells, each column as wide as its widest; the first column leans left, the others right.
[[nodiscard]] std::string aligned(const std::vector<std::vector<std::string>>& rows);

} // namespace cued::bench
