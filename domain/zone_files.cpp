#include "domain/zone_files.hpp"

#include <array>
#include <fstream>
#include <string_view>

namespace cued {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view file_magic = "TZif";

/// Entries of the directory that are laid out like zones but are none (spec/cues.md §6).
bool is_excluded(std::string_view name) {
  return name == "Factory" || name == "localtime" || name == "posixrules" || name.starts_with("posix/") ||
         name.starts_with("right/");
}

bool is_zone_file(const fs::path& path) {
  std::array<char, file_magic.size()> head{};
  std::ifstream file{path, std::ios::binary};
  return file.read(head.data(), head.size()) && std::string_view{head.data(), head.size()} == file_magic;
}

} // namespace

std::vector<std::string> zone_names_in(const fs::path& directory) {
  constexpr auto options =
      fs::directory_options::follow_directory_symlink | fs::directory_options::skip_permission_denied;
  std::vector<std::string> found;
  std::error_code problem;
  fs::recursive_directory_iterator entry{directory, options, problem};
  for (; !problem && entry != fs::recursive_directory_iterator{}; entry.increment(problem)) {
    std::string name = entry->path().lexically_relative(directory).generic_string();
    std::error_code unreadable;
    if (is_excluded(entry->is_directory(unreadable) ? name + "/" : name))
      entry.disable_recursion_pending();
    else if (entry->is_regular_file(unreadable) && is_zone_file(entry->path()))
      found.push_back(std::move(name));
  }
  return found;
}

std::optional<std::string> zone_release_of(const fs::path& directory) {
  std::string line;
  if (std::ifstream file{directory / "tzdata.zi"}; std::getline(file, line)) {
    constexpr std::string_view heading = "# version ";
    if (line.starts_with(heading))
      return line.substr(heading.size());
  }
  if (std::ifstream file{directory / "+VERSION"}; std::getline(file, line) && !line.empty())
    return line;
  return std::nullopt;
}

} // namespace cued
