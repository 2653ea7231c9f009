#pragma once

#include <string>

#include "config/settings.hpp"

namespace cued::config {

/// What `cued config` prints: each variable with its value and where it came from, secrets masked, then the warnings.
[[nodiscard]] std::string describe(const loaded_settings& loaded);

/// The table of all variables as Markdown: what the documentation includes.
[[nodiscard]] std::string markdown_reference();

/// One line per problem, each beginning with the name of its variable.
[[nodiscard]] std::string describe(const std::vector<problem>& problems);

} // namespace cued::config
