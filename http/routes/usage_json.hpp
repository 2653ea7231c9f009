#pragma once

#include <cstdint>
#include <string>

#include "domain/principal.hpp"
#include "domain/usage.hpp"
#include "persistence/usage.hpp"

namespace cued::http {

/// The body of `GET /v1/usage` (spec/alerts-usage.md §7), with `rate_limit.limit` for the command line (spec/clients.md
/// §9.1 #6). `current_rate`: requests of the last minute in the caller's window.
[[nodiscard]] std::string usage_json(const principal& caller, const usage_month& month,
                                     const persistence::usage_counts& counts, std::int64_t current_rate);

} // namespace cued::http
