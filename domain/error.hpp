#pragma once

#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace cued {

/// One thing wrong with a request: where (`body.schedule.type`) and what. Source: spec/http.md §3.1.
struct problem {
  std::string field;
  std::string message;
};

/// What a caller is told when something cannot be done. Errors are values; exceptions stop at the border of the
/// library that throws them. On the wire: `{"error":{"code","message","status"[,"details"]}}` (spec/http.md §3).
struct error {
  int status = 500;                    ///< HTTP status
  std::string code = "internal_error"; ///< stable, snake_case; what clients match on
  std::string message = "An internal error occurred";
  std::vector<problem> details;           ///< only with `validation_error`
  std::optional<int> retry_after_seconds; ///< becomes the header `Retry-After`
};

template <class T>
using result = tl::expected<T, error>;

/// `return fail(404, "cue_not_found", "Cue not found");`
[[nodiscard]] inline tl::unexpected<error> fail(int status, std::string code, std::string message) {
  return tl::unexpected<error>(error{status, std::move(code), std::move(message), {}, std::nullopt});
}

[[nodiscard]] inline tl::unexpected<error> fail(error e) { return tl::unexpected<error>(std::move(e)); }

/// Work was accepted by nobody and may be sent again: the store or the actor in charge is not there right now.
[[nodiscard]] inline error unavailable(std::string why) {
  return error{503, "service_unavailable", std::move(why), {}, 1};
}

} // namespace cued
