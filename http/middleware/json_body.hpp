#pragma once

#include <string_view>

#include "domain/error.hpp"
#include "http/server/route.hpp"

namespace cued::http {

/// `application/json` or `application/<x>+json`, any letter case, parameters ignored.
[[nodiscard]] bool is_json_media_type(std::string_view content_type);

/// Stage 5 of spec/http.md §1.2: fills request::json from request::body, if JSON was announced and anything was sent.
/// What is not announced as JSON stays unparsed and fails later, in the readers. Source: spec/http.md §2.
[[nodiscard]] result<void> parse_json_body(request& in);

} // namespace cued::http
