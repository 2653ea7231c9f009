#include "bench/command/ground.hpp"

#include <cstdlib>

namespace cued::bench {
namespace {

namespace fs = std::filesystem;

/// Programs of others are installed once and stay (XDG Base Directory Specification).
fs::path cache_directory() {
  if (const auto* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache == '/')
    return fs::path{cache} / "cued-bench";
  const auto* home = std::getenv("HOME");
  return fs::path{home == nullptr ? "/var/tmp" : home} / ".cache" / "cued-bench";
}

} // namespace

result<fs::path> data_directory_of(const options& typed, std::unique_ptr<scratch_directory>& directory) {
  if (!typed.data_dir.empty())
    return typed.data_dir;
  auto made = scratch_directory::make(typed.keep);
  if (!made)
    return fail(made.error());
  directory = std::move(*made);
  return directory->path() / "data";
}

result<held_ground> ground_for(const options& typed, progress& telling) {
  held_ground out;
  const auto data_dir = data_directory_of(typed, out.directory);
  if (!data_dir)
    return fail(data_dir.error());
  auto opened = contest_ground::open({typed.cued, *data_dir, cache_directory(), typed.url, typed.key,
                                      [&telling](std::string_view line) { telling.tell(line); }});
  if (!opened)
    return fail(opened.error());
  out.ground = std::move(*opened);
  return out;
}

} // namespace cued::bench
