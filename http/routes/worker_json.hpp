#pragma once

#include <string>
#include <vector>

#include "domain/instant.hpp"
#include "persistence/workers.hpp"

namespace cued::http {

/// The body of `GET /v1/workers` (spec/workers.md §3).
[[nodiscard]] std::string workers_json(const std::vector<persistence::worker>& workers, instant now);

} // namespace cued::http
