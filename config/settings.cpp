#include "config/settings.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <unistd.h>

#include "config/combinations.hpp"
#include "config/dotenv.hpp"
#include "config/setting_table.hpp"
#include "config/value_reader.hpp"

namespace cued::config {

namespace {

constexpr int shortest_heartbeat_ttl_seconds = 31;

using named_values = std::map<std::string, std::string>;

/// Names in upper case; of two that differ only in case, the one that was in upper case already.
named_values folded(const named_values& values) {
  named_values out;
  for (const auto& [name, value] : values) {
    const auto upper = upper_case(name);
    if (upper == name || !values.contains(upper))
      out.insert_or_assign(upper, value);
  }
  return out;
}

/// Names the `.env` has and nobody knows are worth one line: it is often shared with other programs.
named_values read_dotenv(const sources& from, std::vector<std::string>& warnings) {
  named_values out;
  if (!from.dotenv)
    return out;
  const auto file = parse_dotenv(*from.dotenv, [&](const std::string& name) -> std::optional<std::string> {
    const auto found = from.environment.find(name);
    return found == from.environment.end() ? std::nullopt : std::optional{found->second};
  });
  for (const int line : file.lines_not_understood)
    warnings.push_back(".env line " + std::to_string(line) + " is not understood and skipped");
  std::string unknown;
  for (const auto& [name, value] : file.values) {
    const auto upper = upper_case(name);
    if (find_setting(upper))
      out[upper] = value;
    else
      unknown += (unknown.empty() ? "" : ", ") + name;
  }
  if (!unknown.empty())
    warnings.push_back(".env has names that cued does not know: " + unknown);
  return out;
}

std::string default_data_dir(const named_values& environment) {
  const auto variable = [&](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string{} : found->second;
  };
  if (::geteuid() == 0)
    return "/var/lib/cued";
  if (const auto base = variable("XDG_DATA_HOME"); base.starts_with('/')) // XDG: relative ones are to be ignored
    return base + "/cued";
  const auto home = variable("HOME");
  return home.empty() ? std::string{} : home + "/.local/share/cued";
}

std::string default_node_name() {
  char host[256] = "cued";
  ::gethostname(host, sizeof host - 1);
  return std::string{host} + "-" + std::to_string(::getpid());
}

/// Values that are made from others, or put into the one form that readers may rely on.
void complete(loaded_settings& out, const named_values& environment) {
  auto& values = out.values;
  if (values.data_dir.empty())
    values.data_dir = default_data_dir(environment);
  if (!values.data_dir.empty())
    values.data_dir = std::filesystem::absolute(values.data_dir).lexically_normal().string();
  if (values.tzdata_dir.empty())
    values.tzdata_dir = (std::filesystem::path{values.data_dir} / "zoneinfo").string();
  if (values.node_name.empty())
    values.node_name = values.railway_replica_id.empty() ? default_node_name() : values.railway_replica_id;
  while (values.base_url.ends_with('/'))
    values.base_url.pop_back();
  if (values.poller_heartbeat_ttl_seconds < shortest_heartbeat_ttl_seconds) {
    out.warnings.push_back("POLLER_HEARTBEAT_TTL_SECONDS is raised to 31: with less, health could not tell stale from "
                           "unknown");
    values.poller_heartbeat_ttl_seconds = shortest_heartbeat_ttl_seconds;
  }
}

} // namespace

tl::expected<sources, std::vector<problem>> sources_of_process(std::map<std::string, std::string> flags) {
  sources out;
  out.flags = std::move(flags);
  for (char** entry = environ; *entry; ++entry)
    if (auto assignment = split_assignment(*entry))
      out.environment.insert(std::move(*assignment));
  std::error_code not_there;
  if (!std::filesystem::exists(".env", not_there))
    return out;
  std::ifstream file{".env", std::ios::binary};
  out.dotenv.emplace(std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{});
  if (!file.is_open() || file.bad())
    return tl::unexpected(std::vector<problem>{{".env", std::string{"cannot be read: "} + std::strerror(errno)}});
  return out;
}

tl::expected<loaded_settings, std::vector<problem>> load(const sources& from) {
  loaded_settings out;
  std::vector<problem> problems;
  const std::pair<origin, named_values> layers[] = {{origin::flag, folded(from.flags)},
                                                    {origin::environment, folded(from.environment)},
                                                    {origin::dotenv_file, read_dotenv(from, out.warnings)}};
  for (const auto& [name, value] : layers[0].second)
    if (!find_setting(name))
      problems.push_back({name, "is not the name of a setting"});
  for (const auto& row : setting_table())
    for (const auto& [source, values] : layers) {
      const auto found = values.find(row.name);
      if (found == values.end())
        continue;
      if (auto why = assign(row, out.values, found->second))
        problems.push_back({row.name, std::move(*why)});
      out.origins[row.name] = source;
      break;
    }
  complete(out, from.environment);
  auto verdict = judge(out.values);
  out.warnings.insert(out.warnings.end(), verdict.warnings.begin(), verdict.warnings.end());
  problems.insert(problems.end(), verdict.problems.begin(), verdict.problems.end());
  if (!problems.empty())
    return tl::unexpected(std::move(problems));
  return out;
}

std::optional<std::pair<std::string, std::string>> split_assignment(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0)
    return std::nullopt;
  return std::pair{std::string{text.substr(0, equals)}, std::string{text.substr(equals + 1)}};
}

} // namespace cued::config
