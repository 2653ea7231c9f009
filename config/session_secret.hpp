#pragma once

#include <filesystem>
#include <string>

#include "domain/error.hpp"

namespace cued::config {

/// The SESSION_SECRET of an installation that was given none: made at the first start, kept in the data directory in a
/// file that only its owner may read (`session-secret`, 0600), and the same at every start from then on. Two processes
/// that start together end up with the same one. For development; production refuses to start without its own.
/// Source: spec/config.md §2.
[[nodiscard]] result<std::string> kept_session_secret(const std::filesystem::path& data_dir);

} // namespace cued::config
