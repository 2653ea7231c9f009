#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cued::json {

/// JSON text that came as UTF-16 or UTF-32, either byte order, with or without a byte order mark, as UTF-8: told by the
/// zeros among its first four bytes, for a JSON text begins with ASCII (RFC 4627 §3; spec/http.md §2). Nothing for
/// everything else, which is taken for UTF-8. What cannot be decoded becomes bytes that are no UTF-8, for the reader to
/// refuse. Pure, any thread.
[[nodiscard]] std::optional<std::string> from_wide_encoding(std::string_view bytes);

} // namespace cued::json
