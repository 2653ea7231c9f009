#pragma once

#include <string>
#include <string_view>

namespace cued::security {

/// Text as content of an HTML element or as the value of an attribute in quotes: nothing in it is markup
/// (docs/security.md, row X1). Pure, any thread.
[[nodiscard]] std::string html_escaped(std::string_view text);

} // namespace cued::security
