#pragma once

#include <cstdint>
#include <string>

#include "persistence/alerts.hpp"

namespace cued::http {

/// The body of `GET /v1/alerts` (spec/alerts-usage.md §4), and for each alert how its webhook fares.
[[nodiscard]] std::string alerts_json(const persistence::alert_page& page, std::int64_t limit, std::int64_t offset);

} // namespace cued::http
