/// Seed after seed, until the hours are simulated or a promise is broken:
///
///   long_simulation [HOURS] [SEED]      the first seed; the next ones follow it
///   long_simulation replay SEED         one seed, with what happened last
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/deterministic/simulation.hpp"

namespace {

int replay(std::uint64_t seed) {
  const auto report = cued::deterministic::simulate(seed);
  std::puts(report.to_text().c_str());
  return report.failure.empty() ? EXIT_SUCCESS : EXIT_FAILURE;
}

int run(double hours, std::uint64_t seed) {
  const auto began = std::chrono::steady_clock::now();
  double simulated = 0;
  std::uint64_t seeds = 0, executions = 0;
  for (; simulated < hours; ++seeds, ++seed) {
    const auto report = cued::deterministic::simulate(seed);
    std::puts(report.to_text().c_str());
    std::fflush(stdout);
    if (!report.failure.empty())
      return EXIT_FAILURE;
    simulated += report.hours;
    executions += report.executions;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  std::printf("%llu seeds, %.0f simulated hours, %llu executions in %.1f s: %.0f times as fast as time\n",
              static_cast<unsigned long long>(seeds), simulated, static_cast<unsigned long long>(executions),
              took.count(), simulated * 3600 / took.count());
  return EXIT_SUCCESS;
}

} // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "replay") == 0)
    return replay(std::strtoull(argv[2], nullptr, 10));
  if (argc > 3) {
    std::fputs("usage: long_simulation [HOURS] [SEED] | long_simulation replay SEED\n", stderr);
    return EXIT_FAILURE;
  }
  return run(argc > 1 ? std::strtod(argv[1], nullptr) : 1'000, argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1);
}
