#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include <spdlog/spdlog.h>

#include "bench/command/commands.hpp"
#include "bench/command/options.hpp"
#include "bench/report/html.hpp"
#include "bench/report/json.hpp"

/// Reads what was typed, does it, and says how it went: the exit code is not zero when something could not run, a
/// history has a fault or a bar was missed.
namespace {

using namespace cued::bench;

bool sound(const report& all) {
  return std::all_of(all.runs.begin(), all.runs.end(), [](const auto& run) { return run.history_faults.empty(); }) &&
         std::all_of(all.bars.begin(), all.bars.end(), [](const auto& one) { return one.met; });
}

cued::result<void> perform(const options& typed, progress& telling, report& all) {
  switch (typed.what) {
  case command::list:
    list_everything();
    return {};
  case command::run:
    return run_scenarios(typed, telling, all);
  case command::compare:
    return compare_with_others(typed, telling, all);
  case command::growth:
    return measure_all_growth(typed, telling, all);
  case command::bars:
    return measure_bars(typed, telling, all);
  }
  return cued::fail(500, "unknown_command", "no such command");
}

bool write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file{path};
  if (file << text << std::flush)
    return true;
  std::fprintf(stderr, "cued-bench: cannot write %s\n", path.c_str());
  return false;
}

} // namespace

int main(int argc, char** argv) {
  int exit_code = EXIT_SUCCESS;
  const auto typed = read_options(argc, argv, exit_code);
  if (!typed)
    return exit_code;
  spdlog::set_level(spdlog::level::warn);
  std::signal(SIGPIPE, SIG_IGN);
  progress telling;
  report all;
  const auto done = perform(*typed, telling, all);
  telling.clear();
  if (!done)
    std::fprintf(stderr, "cued-bench: %s\n", done.error().message.c_str());
  // What was measured before a failure is written too.
  const bool json_written = typed->json.empty() || write(typed->json, json_of(all));
  const bool html_written = typed->html.empty() || write(typed->html, html_of(all));
  return done && json_written && html_written && sound(all) ? EXIT_SUCCESS : EXIT_FAILURE;
}
