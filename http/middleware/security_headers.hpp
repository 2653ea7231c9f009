#pragma once

#include "http/server/route.hpp"

namespace cued::http {

/// What browsers are told about every answer. Source: spec/http.md §1 "Security headers". A page that needs another
/// Content-Security-Policy than "nothing from anywhere" sets its own, and so does an answer that may be cached.
void add_security_headers(response& out, bool production);

} // namespace cued::http
