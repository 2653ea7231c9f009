#pragma once

#include <string_view>

#include "domain/error.hpp"
#include "http/server/route.hpp"

namespace cued::http {

/// E below, where an answer tells of several errors.
void write_error(json::writer& w, const error& e);

/// An error as clients see it: `{"error":E,"detail":{"error":E}}`. The copy below `detail` is what the command line
/// reads its text from (spec/clients.md §1.1); E is as spec/http.md §3.1 says.
/// Adds `Retry-After` where the error knows when, and `WWW-Authenticate` to a 401.
[[nodiscard]] response error_response(const error& e);

} // namespace cued::http
