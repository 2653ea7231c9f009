#pragma once

#include <span>
#include <vector>

#include "config/settings.hpp"
#include "http/server/route.hpp"

namespace cued::http {

/// Every route of the server, in the order of the documentation. The storage lives as long as the program.
[[nodiscard]] std::span<const route> all_routes();

/// Those that this server offers: without what DISABLE_CUE_PRIMITIVE and DISABLE_DEVICE_CODE switch off
/// (spec/auth.md §8), and without the documentation in production. What is left out is 404.
[[nodiscard]] std::vector<route> enabled_routes(const config::settings& settings);

} // namespace cued::http
