#include "persistence/postgres/cluster_processes.hpp"

#include <charconv>
#include <fstream>
#include <string>

#include "persistence/postgres/child_process.hpp"

namespace cued::persistence {

namespace fs = std::filesystem;

namespace {

// Lines of postmaster.pid, counted from 0.
constexpr std::size_t pid_line = 0;
constexpr std::size_t socket_dir_line = 4;
constexpr std::size_t status_line = 7;

std::optional<pid_t> process_number(const std::string& text) {
  pid_t pid = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), pid);
  return failure == std::errc{} && pid > 0 ? std::optional{pid} : std::nullopt;
}

} // namespace

std::optional<postmaster_file> read_postmaster_file(const fs::path& file) {
  std::ifstream stream{file};
  std::vector<std::string> lines;
  for (std::string line; lines.size() <= status_line && std::getline(stream, line);)
    lines.push_back(line);
  lines.resize(status_line + 1);
  const auto pid = process_number(lines[pid_line]);
  if (!pid)
    return std::nullopt;
  return postmaster_file{*pid, lines[socket_dir_line], lines[status_line].starts_with("ready")};
}

bool is_postmaster_of(pid_t pid, const fs::path& cluster) {
  std::ifstream file{"/proc/" + std::to_string(pid) + "/cmdline"};
  std::vector<std::string> words;
  for (std::string word; std::getline(file, word, '\0');)
    words.push_back(word);
  if (words.size() < 3 || fs::path{words[0]}.filename() != "postgres")
    return false;
  for (std::size_t i = 1; i + 1 < words.size(); ++i)
    if (words[i] == "-D" && fs::path{words[i + 1]} == cluster)
      return true;
  return false;
}

std::vector<pid_t> processes_in(const fs::path& cluster) {
  std::vector<pid_t> found;
  std::error_code unreadable;
  for (const auto& entry : fs::directory_iterator{"/proc", unreadable}) {
    const auto pid = process_number(entry.path().filename().string());
    if (!pid)
      continue;
    std::error_code hidden;
    if (fs::read_symlink(entry.path() / "cwd", hidden) != cluster)
      continue;
    std::ifstream name_file{entry.path() / "comm"};
    std::string name;
    if (std::getline(name_file, name) && name == "postgres")
      found.push_back(*pid);
  }
  return found;
}

std::optional<pid_t> wait_until_left(const fs::path& cluster, std::chrono::milliseconds patience) {
  for (const auto pid : processes_in(cluster))
    if (auto process = child_process::attach(pid); process && !process->wait_for_end(patience))
      return pid;
  return std::nullopt;
}

} // namespace cued::persistence
