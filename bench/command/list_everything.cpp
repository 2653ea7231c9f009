#include <cstdio>

#include "bench/command/commands.hpp"
#include "bench/contest/all_contests.hpp"
#include "bench/report/table.hpp"

namespace cued::bench {
namespace {

void print_entry(std::string_view name, std::string_view description) {
  std::printf("  %-30s %.*s\n", std::string{name}.c_str(), static_cast<int>(description.size()), description.data());
}

} // namespace

void list_everything() {
  std::puts("scenarios (cued-bench run):");
  for (const auto& make : all_scenarios()) {
    const auto one = make();
    print_entry(one->name(), one->description());
  }
  std::puts("\ncontests (cued-bench compare):");
  for (const auto& one : all_contests())
    print_entry(one.name, one.description);
  std::puts("\naxes (cued-bench growth): cues, history, tenants, nodes");
}

} // namespace cued::bench
