#pragma once

#include <string>

#include "http/server/route.hpp"

namespace cued::http {

/// How the answer ends and what becomes of the connection.
struct framing {
  bool keep_alive = true;
  bool http_1_0 = false;
};

/// Appends status line and header block. Handlers name only what is special about their answer; date, server, media
/// type, length and connection are written here. 204 and 304 have neither body nor length.
void append_head(std::string& out, const response& answer, const framing& how);

/// False for the statuses that never have a body (RFC 9110 §6.4.1).
[[nodiscard]] bool may_have_body(int status);

/// A header value that would end its line would begin another header.
[[nodiscard]] bool is_sendable_header(std::string_view name, std::string_view value);

} // namespace cued::http
