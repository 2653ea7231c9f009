#pragma once

#include <string>
#include <vector>

#include "config/settings.hpp"
#include "domain/time_zone_source.hpp"

/// `cued doctor`: looks at all that cued depends on and says what is wrong and what to do. Part of the composition
/// root, for it asks every folder. Only looks: may run beside a cued that serves.
namespace cued {

enum class health { ok, warn, fail };

struct finding {
  health grade = health::ok;
  std::string subject;
  std::string words;
};

/// What is said where the settings themselves are refused; there is nothing more to look at then.
[[nodiscard]] std::vector<finding> findings_of(const std::vector<problem>& refused_settings);

/// One finding for each thing looked at, in the order of a start.
[[nodiscard]] std::vector<finding> examine(const config::loaded_settings& loaded, const time_zone_choice& zones,
                                           const std::string& version);

/// Prints a line for each; the exit code is EXIT_FAILURE if any of them failed.
[[nodiscard]] int report(const std::vector<finding>& findings);

} // namespace cued
