#pragma once

#include <string>
#include <vector>

#include "config/settings.hpp"

namespace cued::config {

/// Judges what single values cannot tell: shapes of URLs and networks, and settings that contradict each other or are
/// only half set. Problems stop the start, warnings do not. Source: spec/config.md §2 "Check", §4, spec/clients.md §10.
struct verdict {
  std::vector<problem> problems; ///< `field` is the variable to change or to set
  std::vector<std::string> warnings;
};

[[nodiscard]] verdict judge(const settings& values);

} // namespace cued::config
