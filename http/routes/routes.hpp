#pragma once

#include <span>

#include "http/server/route.hpp"

/// What each resource file serves. A file defines its handlers in an unnamed namespace and one function that returns
/// its lines of the table (a static array). http/routes/table.cpp puts them together.
namespace cued::http {

[[nodiscard]] std::span<const route> account_routes();   // http/routes/accounts.cpp: /v1/auth/...
[[nodiscard]] std::span<const route> cue_routes();       // http/routes/cues.cpp
[[nodiscard]] std::span<const route> execution_routes(); // http/routes/executions.cpp
[[nodiscard]] std::span<const route> worker_routes();    // http/routes/workers.cpp
[[nodiscard]] std::span<const route> usage_routes();     // http/routes/usage.cpp
[[nodiscard]] std::span<const route> alert_routes();     // http/routes/alerts.cpp
[[nodiscard]] std::span<const route> public_routes();    // http/routes/public.cpp: health, info, echo, docs, metrics

} // namespace cued::http
