#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "bench/contest/contest.hpp"
#include "bench/contest/contest_ground.hpp"

namespace cued::bench {

using contest_field = std::vector<std::unique_ptr<contestant>>;

/// A contest that `cued-bench compare` can hold. `make` sets up its field; the first contestant is what the others are
/// measured against. The ground must outlive the field.
struct contest_maker {
  std::string_view name, description;
  contest_field (*make)(contest_ground& ground);
};

/// In this order: cued over HTTP, the ceiling, the same engine with one statement per request, bare commits of 1 and of
/// 16 clients.
[[nodiscard]] contest_field claims_field(contest_ground& ground);
/// In this order: cued by its batch routes, Graphile Worker tuned and as it comes, River with 2,000 and with 100
/// workers.
[[nodiscard]] contest_field jobs_field(contest_ground& ground);

/// All there are, in the order in which they are listed.
[[nodiscard]] const std::vector<contest_maker>& all_contests();

} // namespace cued::bench
