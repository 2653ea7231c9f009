#include "bench/measure/resources.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <unordered_map>

#include <unistd.h>

namespace cued::bench {
namespace {

namespace fs = std::filesystem;

/// /proc/<pid>/stat, proc(5). The command stands in parentheses and may hold anything, so fields are counted from the
/// last one that closes.
struct process_line {
  pid_t parent = 0;
  std::int64_t ticks = 0;
  std::int64_t resident_pages = 0;
};

bool read_line_of(pid_t pid, process_line& out) {
  std::ifstream file{"/proc/" + std::to_string(pid) + "/stat"};
  std::string text;
  if (!std::getline(file, text) || text.rfind(')') == std::string::npos)
    return false;
  std::istringstream fields{text.substr(text.rfind(')') + 1)};
  constexpr int parent_at = 2, user_time_at = 12, children_system_time_at = 15, resident_at = 22;
  std::string word;
  for (int at = 1; at <= resident_at && fields >> word; ++at) {
    std::int64_t number = 0;
    std::from_chars(word.data(), word.data() + word.size(), number);
    if (at == parent_at)
      out.parent = static_cast<pid_t>(number);
    else if (at >= user_time_at && at <= children_system_time_at)
      out.ticks += number;
    else if (at == resident_at)
      out.resident_pages = number;
  }
  return true;
}

process_usage usage_of(const process_line& line) {
  static const std::int64_t ticks_per_second = sysconf(_SC_CLK_TCK), page_bytes = sysconf(_SC_PAGESIZE);
  return {std::chrono::microseconds{line.ticks * 1'000'000 / ticks_per_second}, line.resident_pages * page_bytes};
}

/// Its share of the pages that several processes have (Postgres' buffers), so that they count once in all. The whole
/// resident set where the kernel does not tell.
std::int64_t proportional_bytes(pid_t pid, std::int64_t resident_bytes) {
  std::ifstream rollup{"/proc/" + std::to_string(pid) + "/smaps_rollup"};
  for (std::string text; std::getline(rollup, text);)
    if (text.starts_with("Pss:")) {
      std::istringstream words{text.substr(4)};
      constexpr std::int64_t bytes_per_kilobyte = 1024;
      if (std::int64_t kilobytes = 0; words >> kilobytes)
        return kilobytes * bytes_per_kilobyte;
    }
  return resident_bytes;
}

std::unordered_map<pid_t, process_line> all_processes() {
  std::unordered_map<pid_t, process_line> out;
  std::error_code gone;
  for (const auto& entry : fs::directory_iterator{"/proc", gone}) {
    const auto name = entry.path().filename().string();
    pid_t pid = 0;
    if (const auto [end, wrong] = std::from_chars(name.data(), name.data() + name.size(), pid);
        wrong != std::errc{} || end != name.data() + name.size())
      continue;
    if (process_line line; read_line_of(pid, line))
      out.emplace(pid, line);
  }
  return out;
}

} // namespace

process_usage usage_of_process(pid_t pid) {
  process_line line;
  return pid > 0 && read_line_of(pid, line) ? usage_of(line) : process_usage{};
}

process_usage usage_of_family(pid_t root) {
  if (root < 1)
    return {};
  const auto processes = all_processes();
  std::vector<pid_t> family{root};
  for (std::size_t i = 0; i < family.size(); ++i)
    for (const auto& [pid, line] : processes)
      if (line.parent == family[i] && pid != family[i])
        family.push_back(pid);
  process_usage out;
  for (const auto pid : family)
    if (const auto found = processes.find(pid); found != processes.end()) {
      const auto usage = usage_of(found->second);
      out.cpu += usage.cpu;
      out.resident_bytes += proportional_bytes(pid, usage.resident_bytes);
    }
  return out;
}

} // namespace cued::bench
