#pragma once

#include <optional>
#include <string>

#include "domain/json/value.hpp"
#include "persistence/cues.hpp"

/// How a cue looks on the wire. Source: spec/cues.md §2.
namespace cued::http {

/// The eighteen members, in their order, into an object that is open, then the policies that are set
/// (docs/policies.md). `warning` is set by create alone.
void write_cue_members(json::writer& w, const persistence::cue_row& cue,
                       const std::optional<std::string>& warning = std::nullopt);

/// The same as a whole object.
[[nodiscard]] std::string cue_json(const persistence::cue_row& cue,
                                   const std::optional<std::string>& warning = std::nullopt);

} // namespace cued::http
