#pragma once

#include <memory>

#include "bench/command/options.hpp"
#include "bench/command/progress.hpp"
#include "bench/command/scratch_directory.hpp"
#include "bench/contest/contest_ground.hpp"

namespace cued::bench {

/// Where contests are held, as the command line wants it. The ground goes before its directory.
struct held_ground {
  std::unique_ptr<scratch_directory> directory; ///< none: a directory was named
  std::unique_ptr<contest_ground> ground;
};
[[nodiscard]] result<held_ground> ground_for(const options& typed, progress& telling);

/// The directory that was named, or a new one that `directory` takes.
[[nodiscard]] result<std::filesystem::path> data_directory_of(const options& typed,
                                                              std::unique_ptr<scratch_directory>& directory);

} // namespace cued::bench
