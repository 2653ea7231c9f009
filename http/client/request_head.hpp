#pragma once

#include <string>
#include <string_view>

#include "actors/deliver/webhook_sender.hpp"
#include "domain/error.hpp"

namespace cued::http::client {

/// The head of the request, up to and with the empty line: start line, `Host`, what HTTP needs, then the request's own
/// headers in their order and spelling. Framing headers among them are left out (spec/delivery.md §5.3).
/// 400 `unsendable_request` when method or a header could split the message. Pure.
[[nodiscard]] result<std::string> request_head(const actors::webhook_request& request, std::string_view authority,
                                               std::string_view path_and_query);

/// GET sends no body, whatever the request holds (spec/delivery.md §5.3).
[[nodiscard]] bool sends_body(const actors::webhook_request& request);

} // namespace cued::http::client
