#include "bench/contest/peer.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <unistd.h>

#include "domain/json/value.hpp"
#include "persistence/postgres/child_process.hpp"

namespace cued::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::minutes install_patience{10};
constexpr std::chrono::minutes round_patience{3};
constexpr std::size_t attempts_at_a_full_queue = 4;
constexpr double growth_of_a_dry_queue = 2;
constexpr std::chrono::seconds warm_up{2}; // what the programs run before they begin to count, and a little more

/// Below the source tree; the harness is built where it is used.
fs::path sources() { return fs::path{CUED_SOURCE_DIR} / "bench/peers"; }

std::string found_in_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::istringstream folders{path == nullptr ? "" : path};
  for (std::string folder; std::getline(folders, folder, ':');)
    if (const auto candidate = fs::path{folder} / program; ::access(candidate.c_str(), X_OK) == 0)
      return candidate.string();
  return {};
}

std::vector<std::string> own_environment() {
  std::vector<std::string> out;
  for (char** one = environ; *one != nullptr; ++one)
    out.emplace_back(*one);
  return out;
}

std::string text_of(const fs::path& file) {
  std::ifstream in{file};
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

std::string last_line_of(std::string_view text) {
  while (!text.empty() && text.back() == '\n')
    text.remove_suffix(1);
  const auto begin = text.rfind('\n');
  return std::string{begin == std::string_view::npos ? text : text.substr(begin + 1)};
}

/// Runs a command in `folder`; what it prints. Child processes start where we are, so a shell goes there first.
result<std::string> run_in(const fs::path& folder, std::vector<std::string> command,
                           std::chrono::milliseconds patience) {
  const auto output = folder / "output.log";
  std::error_code ignored;
  fs::remove(output, ignored);
  std::vector<std::string> arguments{"/bin/sh", "-c", "cd \"$0\" && exec \"$@\"", folder.string()};
  arguments.insert(arguments.end(), std::make_move_iterator(command.begin()), std::make_move_iterator(command.end()));
  const auto done =
      persistence::run_to_end({std::move(arguments), own_environment(), std::nullopt, output, SIGKILL}, patience);
  auto text = text_of(output);
  if (!done)
    return fail(500, "peer_failed", done.error().message + ": " + last_line_of(text));
  return text;
}

class peer_contestant final : public contestant {
public:
  peer_contestant(contest_ground& ground, peer_wish wish)
      : ground_{ground}, wish_{std::move(wish)}, folder_{ground.wish().cache_dir / wish_.folder},
        jobs_per_second_{wish_.jobs_per_second} {}

  std::string_view name() const override { return wish_.name; }

  result<void> prepare() override {
    for (const auto& tool : wish_.tools)
      if (found_in_path(tool).empty())
        return fail(500, "not_installed", tool + " is not installed");
    std::error_code failure;
    fs::create_directories(folder_, failure);
    fs::copy(sources() / wish_.folder, folder_, fs::copy_options::overwrite_existing | fs::copy_options::recursive,
             failure);
    if (failure)
      return fail(500, "peer_failed", "cannot copy its program to " + folder_.string() + ": " + failure.message());
    ground_.wish().progress("installing " + wish_.name);
    if (const auto installed = run_in(folder_, wish_.install, install_patience); !installed)
      return fail(installed.error());
    auto dsn = ground_.database(wish_.database);
    if (!dsn)
      return fail(dsn.error());
    dsn_ = std::move(*dsn);
    return {};
  }

  /// A queue that ran dry is filled with more the next time, and the round is run again.
  result<double> round(std::chrono::seconds duration) override {
    for (std::size_t attempt = 0; attempt < attempts_at_a_full_queue; ++attempt) {
      const auto output = run_in(folder_, command_for(duration), duration + round_patience);
      if (!output)
        return fail(output.error());
      const auto report = read_peer_report(*output);
      if (!report)
        return fail(report.error());
      if (!report->ran_dry)
        return report->per_second;
      jobs_per_second_ = static_cast<std::size_t>(static_cast<double>(jobs_per_second_) * growth_of_a_dry_queue);
    }
    return fail(500, "peer_failed", "its queue ran dry again and again");
  }

private:
  std::vector<std::string> command_for(std::chrono::seconds duration) const {
    auto command = wish_.run;
    std::ranges::replace(command, "DSN", dsn_);
    std::ranges::replace(command, "SECONDS", std::to_string(duration.count()));
    std::ranges::replace(command, "JOBS",
                         std::to_string(jobs_per_second_ * static_cast<std::size_t>((duration + warm_up).count())));
    return command;
  }

  contest_ground& ground_;
  peer_wish wish_;
  fs::path folder_;
  std::string dsn_;
  std::size_t jobs_per_second_;
};

std::string text_member(const json::value& of, std::string_view name) {
  const auto* found = of.find(name);
  return found != nullptr && found->kind() == json::kind::string ? found->as_string() : std::string{};
}

} // namespace

result<peer_report> read_peer_report(std::string_view output) {
  const auto line = last_line_of(output);
  const auto said = json::parse(line);
  const auto* per_second = said ? said->find("per_second") : nullptr;
  const auto* ran_dry = said ? said->find("ran_dry") : nullptr;
  if (per_second == nullptr || per_second->kind() != json::kind::number || ran_dry == nullptr)
    return fail(500, "peer_failed", "no figures, but: " + line);
  if (text_member(*said, "fsync") != "on" || text_member(*said, "synchronous_commit") != "on")
    return fail(500, "not_durable", "its session does not wait for the disk: " + line);
  return peer_report{std::strtod(per_second->number_text().c_str(), nullptr), ran_dry->as_boolean()};
}

std::unique_ptr<contestant> peer(contest_ground& ground, peer_wish wish) {
  return std::make_unique<peer_contestant>(ground, std::move(wish));
}

} // namespace cued::bench
