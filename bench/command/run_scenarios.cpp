#include <algorithm>
#include <cstdio>

#include "bench/command/commands.hpp"
#include "bench/command/theatre.hpp"
#include "bench/report/table.hpp"
#include "bench/subject/fixture.hpp"

namespace cued::bench {
namespace {

using scenarios = std::vector<std::unique_ptr<scenario>>;

result<scenarios> chosen(const std::vector<std::string>& names) {
  scenarios out;
  for (const auto& make : all_scenarios())
    if (auto one = make(); names.empty() || std::find(names.begin(), names.end(), one->name()) != names.end())
      out.push_back(std::move(one));
  for (const auto& name : names)
    if (std::none_of(out.begin(), out.end(), [&](const auto& one) { return one->name() == name; }))
      return fail(400, "unknown_scenario", "there is no scenario " + name + "; `cued-bench list` names them");
  return out;
}

} // namespace

result<void> run_scenarios(const options& typed, progress& telling, report& out) {
  auto field = chosen(typed.names);
  if (!field)
    return fail(field.error());
  auto place = theatre::open(typed, telling);
  if (!place)
    return fail(place.error());
  out.on = (*place)->describe(typed);
  telling.clear();
  std::fputs(text_of(out.on).c_str(), stdout);
  for (std::size_t turn = 0; turn < typed.repeat; ++turn)
    for (const auto& one : *field) {
      telling.topic(std::string{one->name()});
      if (const auto suited = (*place)->suit(one->server_settings()); !suited)
        return fail(suited.error());
      auto at = (*place)->at(telling);
      if (!at.subject.dsn().empty())
        if (const auto cleared = clear_stage(at.subject.dsn()); !cleared)
          return fail(cleared.error());
      auto measured = one->run(at, shape_of(*one, typed));
      telling.clear();
      if (!measured)
        return fail(measured.error().status, measured.error().code,
                    std::string{one->name()} + ": " + measured.error().message);
      std::printf("\n%s", text_of(*measured).c_str());
      std::fflush(stdout);
      out.runs.push_back(std::move(*measured));
    }
  if (const auto medians = text_of_repetitions(out.runs); !medians.empty())
    std::printf("\n%s", medians.c_str());
  return {};
}

} // namespace cued::bench
