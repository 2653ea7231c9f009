#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bench/scenario.hpp"
#include "bench/subject/fixture.hpp"

namespace cued::bench {

/// The part of a run that is measured: `talk` over as many connections and for as long as the shape says, between the
/// meters. Fills everything of `out` that load and meters tell.
[[nodiscard]] result<load_result> run_measured(stage& at, const load_shape& shape, std::vector<std::string> kinds,
                                               conversation& talk, measurement& out);

/// Empties the stage and makes the shape's tenants. Error if the server's database is not known.
[[nodiscard]] result<std::vector<tenant>> fresh_tenants(stage& at, const load_shape& shape);

} // namespace cued::bench
