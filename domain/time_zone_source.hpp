#pragma once

#include <cstddef>
#include <optional>
#include <string>

/// Which of two time-zone databases a process reads: the machine's, or one that an operator keeps up to date without
/// waiting for a package or a new build. Governments change their clocks at short notice (spec/cues.md §6).
namespace cued {

/// A directory of compiled zones, as found.
struct time_zone_source {
  std::string directory;
  std::optional<std::string> release; ///< such as `2026b`; nothing where it does not tell
  std::size_t zones = 0;
};

[[nodiscard]] time_zone_source inspect_time_zones(const std::string& directory);

struct time_zone_choice {
  time_zone_source used;
  std::string why;         ///< what is used and why, for people
  bool suspicious = false; ///< there is a second database, and it cannot be used: the operator should hear of it
};

/// `updated` if it is there, tells its release, has every zone that `system` has, and is newer (or `system` is missing
/// or does not tell its own); `system` otherwise.
[[nodiscard]] time_zone_choice choose_time_zones(const std::string& system, const std::string& updated);

/// From now on zones are read from there (TZDIR of this process, which its children inherit). Before the first look-up
/// and before there are threads: what has been read stays.
void use_time_zones(const time_zone_source& source);

/// Orders `2025c` < `2026a` < `2026z` < `2026za`; nothing where one of the two is no release of the database.
[[nodiscard]] std::optional<bool> is_newer_release(const std::string& candidate, const std::string& than);

} // namespace cued
