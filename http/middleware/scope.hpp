#pragma once

#include "domain/error.hpp"
#include "domain/principal.hpp"
#include "http/server/route.hpp"

/// What the scope of a key opens: a table of four kinds of routes and three scopes, and nothing else. Pure.
///
/// | route's `to_keys` | full | read_only | worker |
/// |-------------------|------|-----------|--------|
/// | by_method         | yes  | if GET    | no     |
/// | full_only         | yes  | no        | no     |
/// | to_worker         | yes  | if GET    | yes    |
/// | to_any_caller     | yes  | yes       | yes    |
namespace cued::http {

[[nodiscard]] bool opens_to(const route& asked, key_scope scope);

/// 403 `insufficient_scope`.
[[nodiscard]] error insufficient_scope(key_scope scope);

} // namespace cued::http
