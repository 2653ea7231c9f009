#include "http/routes/table.hpp"

#include <algorithm>
#include <array>

#include "http/routes/routes.hpp"

namespace cued::http {
namespace {

constexpr std::array<std::string_view, 4> cue_paths{"/v1/cues", "/v1/executions", "/v1/worker/heartbeat",
                                                    "/v1/workers"};
constexpr std::array<std::string_view, 4> device_paths{"/v1/auth/device-code", "/v1/auth/verify", "/auth/device",
                                                       "/dashboard"};
constexpr std::array<std::string_view, 3> documentation_paths{"/docs", "/redoc", "/openapi.json"};

/// The path itself or one below it.
template <std::size_t N>
bool is_under(std::string_view pattern, const std::array<std::string_view, N>& paths) {
  return std::any_of(paths.begin(), paths.end(), [&](std::string_view path) {
    return pattern.starts_with(path) && (pattern.size() == path.size() || pattern[path.size()] == '/');
  });
}

} // namespace

std::span<const route> all_routes() {
  static const std::vector<route> table = [] {
    std::vector<route> all;
    for (const auto part : {public_routes(), account_routes(), cue_routes(), execution_routes(), worker_routes(),
                            usage_routes(), alert_routes()})
      all.insert(all.end(), part.begin(), part.end());
    return all;
  }();
  return table;
}

std::vector<route> enabled_routes(const config::settings& settings) {
  const auto all = all_routes();
  std::vector<route> out{all.begin(), all.end()};
  std::erase_if(out, [&](const route& r) {
    return (settings.disable_cue_primitive && is_under(r.pattern, cue_paths)) ||
           (settings.disable_device_code && is_under(r.pattern, device_paths)) ||
           (settings.production() && is_under(r.pattern, documentation_paths));
  });
  return out;
}

} // namespace cued::http
