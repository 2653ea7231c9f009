#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace cued::persistence {

/// An installation of PostgreSQL: the directory of its programs and its major version.
struct postgres_binaries {
  std::filesystem::path bin_dir;
  int major = 0;
};

/// The installations of this machine, newest first: those of Debian's and Red Hat's packages, then what PATH leads to.
/// With `bin_dir` given only that one, if it is one.
[[nodiscard]] std::vector<postgres_binaries> find_postgres(const std::string& bin_dir);

/// The major version written into a cluster by initdb; nothing if the file is missing or not understood.
[[nodiscard]] std::optional<int> cluster_major(const std::filesystem::path& version_file);

/// `postgres (PostgreSQL) 15.14 (Debian ...)` -> 15.
[[nodiscard]] std::optional<int> major_of_version_line(const std::string& line);

} // namespace cued::persistence
