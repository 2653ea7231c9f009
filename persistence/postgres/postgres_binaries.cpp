#include "persistence/postgres/postgres_binaries.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>

#include <unistd.h>

namespace cued::persistence {

namespace fs = std::filesystem;

namespace {

bool complete(const fs::path& bin_dir) {
  return ::access((bin_dir / "postgres").c_str(), X_OK) == 0 && ::access((bin_dir / "initdb").c_str(), X_OK) == 0;
}

std::optional<int> leading_number(std::string_view text) {
  int number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  return failure == std::errc{} && end != text.data() ? std::optional{number} : std::nullopt;
}

std::string shell_quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text)
    out += c == '\'' ? std::string{"'\\''"} : std::string{c};
  return out + "'";
}

std::optional<postgres_binaries> inspect(const fs::path& bin_dir) {
  if (!complete(bin_dir))
    return std::nullopt;
  const std::string command = shell_quoted((bin_dir / "postgres").string()) + " --version 2>/dev/null";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe{::popen(command.c_str(), "re"), ::pclose};
  char line[128] = "";
  if (!pipe || !std::fgets(line, sizeof line, pipe.get()))
    return std::nullopt;
  const auto major = major_of_version_line(line);
  return major ? std::optional{postgres_binaries{bin_dir, *major}} : std::nullopt;
}

/// Packages name the directory after the version: <root>/15/bin, /usr/pgsql-15/bin.
void collect(const fs::path& root, std::string_view prefix, std::vector<postgres_binaries>& found) {
  std::error_code unreadable;
  for (const auto& entry : fs::directory_iterator{root, unreadable}) {
    const auto name = entry.path().filename().string();
    if (!std::string_view{name}.starts_with(prefix))
      continue;
    const auto major = leading_number(std::string_view{name}.substr(prefix.size()));
    if (major && complete(entry.path() / "bin"))
      found.push_back({entry.path() / "bin", *major});
  }
}

bool known(const std::vector<postgres_binaries>& found, const fs::path& bin_dir) {
  return std::any_of(found.begin(), found.end(), [&](const auto& one) { return one.bin_dir == bin_dir; });
}

/// The first directory of PATH that has a server; where that is a link, the directory in which its other programs are.
std::optional<fs::path> from_search_path() {
  const char* variable = std::getenv("PATH");
  std::string_view rest = variable ? variable : "";
  while (!rest.empty()) {
    const auto end = std::min(rest.find(':'), rest.size());
    const fs::path directory{rest.substr(0, end)};
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (!directory.is_absolute() || !complete(directory))
      continue;
    std::error_code dangling;
    const auto real = fs::canonical(directory / "postgres", dangling).parent_path();
    return dangling || !complete(real) ? directory : real;
  }
  return std::nullopt;
}

} // namespace

std::optional<int> major_of_version_line(const std::string& line) {
  const auto digit = line.find_first_of("0123456789");
  return digit == std::string::npos ? std::nullopt : leading_number(std::string_view{line}.substr(digit));
}

std::vector<postgres_binaries> find_postgres(const std::string& bin_dir) {
  std::vector<postgres_binaries> found;
  if (!bin_dir.empty()) {
    if (auto given = inspect(bin_dir))
      found.push_back(std::move(*given));
    return found;
  }
  collect("/usr/lib/postgresql", "", found);
  collect("/usr", "pgsql-", found);
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.major > b.major; });
  if (const auto directory = from_search_path(); directory && !known(found, *directory))
    if (auto other = inspect(*directory))
      found.push_back(std::move(*other));
  return found;
}

std::optional<int> cluster_major(const fs::path& version_file) {
  std::ifstream file{version_file};
  std::string line;
  return std::getline(file, line) ? leading_number(line) : std::nullopt;
}

} // namespace cued::persistence
