#pragma once

#include "domain/error.hpp"
#include "http/server/route.hpp"

namespace cued::http {

/// What cannot be undone must be asked for with `X-Confirm-Destructive: true`, in exactly these letters: else 400
/// `confirmation_required`. Source: spec/auth.md §2.
[[nodiscard]] inline result<void> require_confirmation(const request& in) {
  const auto* confirmed = in.header("X-Confirm-Destructive");
  if (confirmed && *confirmed == "true")
    return {};
  return fail(400, "confirmation_required", "This cannot be undone. Send the header X-Confirm-Destructive: true");
}

} // namespace cued::http
