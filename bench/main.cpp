#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include <spdlog/spdlog.h>

#include "bench/command/commands.hpp"
#include "bench/command/options.hpp"

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
  case command::run:
    return run_scenarios(typed, telling, all);
  default:
    return cued::fail(400, "not_there", "not there yet");
  }
}

} // namespace

int main(int argc, char** argv) {
  int exit_code = EXIT_SUCCESS;
  const auto typed = read_options(argc, argv, exit_code);
  if (!typed)
    return exit_code;
  spdlog::set_level(spdlog::level::warn);
  std::signal(SIGPIPE, SIG_IGN);
  if (typed->what == command::list) {
    list_everything();
    return EXIT_SUCCESS;
  }
  progress telling;
  report all;
  const auto done = perform(*typed, telling, all);
  telling.clear();
  if (!done)
    std::fprintf(stderr, "cued-bench: %s\n", done.error().message.c_str());
  return done && sound(all) ? EXIT_SUCCESS : EXIT_FAILURE;
}
