#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

/// What lies in a directory of compiled zone files (RFC 8536), without reading the zones themselves. No state.
namespace cued {

/// Every name that is a zone (spec/cues.md §6), in the directory's spelling and no particular order.
[[nodiscard]] std::vector<std::string> zone_names_in(const std::filesystem::path& directory);

/// The release it says it is, such as `2026b`, from `tzdata.zi` or `+VERSION`. Nothing where neither tells.
[[nodiscard]] std::optional<std::string> zone_release_of(const std::filesystem::path& directory);

} // namespace cued
