#include <algorithm>
#include <cstdio>

#include "bench/command/commands.hpp"
#include "bench/command/ground.hpp"
#include "bench/contest/all_contests.hpp"
#include "bench/report/machine.hpp"
#include "bench/report/table.hpp"

namespace cued::bench {
namespace {

constexpr std::chrono::seconds usual_round{5};

result<std::vector<contest_maker>> chosen(const std::vector<std::string>& names) {
  std::vector<contest_maker> out;
  for (const auto& one : all_contests())
    if (names.empty() || std::find(names.begin(), names.end(), one.name) != names.end())
      out.push_back(one);
  for (const auto& name : names)
    if (std::none_of(out.begin(), out.end(), [&](const auto& one) { return one.name == name; }))
      return fail(400, "unknown_contest", "there is no contest " + name + "; `cued-bench list` names them");
  return out;
}

} // namespace

result<void> compare_with_others(const options& typed, progress& telling, report& out) {
  const auto contests = chosen(typed.names);
  if (!contests)
    return fail(contests.error());
  auto place = ground_for(typed, telling);
  if (!place)
    return fail(place.error());
  out.on = describe_machine();
  out.on.subject = typed.cued.filename().string();
  describe_database(place->ground->subject().dsn(), out.on);
  telling.clear();
  std::fputs(text_of(out.on).c_str(), stdout);
  const auto round = typed.seconds ? std::chrono::seconds{*typed.seconds} : usual_round;
  for (const auto& one : *contests) {
    telling.topic(std::string{one.name});
    auto field = one.make(*place->ground);
    auto table = hold_contest(std::string{one.description}, field, typed.rounds, round);
    telling.clear();
    std::printf("\n%s", text_of(table).c_str());
    std::fflush(stdout);
    out.contests.push_back(std::move(table));
  }
  return {};
}

} // namespace cued::bench
