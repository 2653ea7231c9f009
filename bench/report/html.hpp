#pragma once

#include <string>

#include "bench/report/report.hpp"

namespace cued::bench {

/// The report as one page for people: bars, contests, curves and runs, with plots drawn as SVG inside it. It loads
/// nothing, runs no script, and reads in light and dark.
[[nodiscard]] std::string html_of(const report& all);

} // namespace cued::bench
