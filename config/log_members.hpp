#pragma once

#include <string>
#include <string_view>

namespace cued::config {

/// A message as members of a JSON object: `"message":"request answered","request_id":"..."`. By convention a message
/// may end in `; name=value name=value`, values without blanks; each such name becomes a member of its own, once, as
/// text. A message that does not end so is one member. Source: spec/http.md §13. Pure.
[[nodiscard]] std::string json_members(std::string_view message);

} // namespace cued::config
