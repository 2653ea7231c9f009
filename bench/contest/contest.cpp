#include "bench/contest/contest.hpp"

#include <algorithm>

#include "bench/contest/median.hpp"

namespace cued::bench {
namespace {

/// Rounds that both have run; a contestant that failed half-way has fewer.
void measure_against(const contest_result::line& first, contest_result::line& other) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < std::min(first.per_second.size(), other.per_second.size()); ++i)
    if (other.per_second[i] > 0)
      ratios.push_back(first.per_second[i] / other.per_second[i]);
  if (ratios.empty())
    return;
  other.ratio_low = std::ranges::min(ratios);
  other.ratio_high = std::ranges::max(ratios);
  other.ratio_median = median_of(std::move(ratios));
}

} // namespace

contest_result hold_contest(std::string title, const std::vector<std::unique_ptr<contestant>>& field,
                            std::size_t rounds, std::chrono::seconds duration) {
  contest_result out;
  out.title = std::move(title);
  out.lines.resize(field.size());
  for (std::size_t i = 0; i < field.size(); ++i)
    if (const auto ready = field[i]->prepare(); !ready)
      out.lines[i].unavailable = ready.error().message;
  for (std::size_t turn = 0; turn < rounds; ++turn)
    for (std::size_t step = 0; step < field.size(); ++step) {
      const auto i = (turn + step) % field.size();
      auto& line = out.lines[i];
      if (!line.unavailable.empty())
        continue;
      if (const auto speed = field[i]->round(duration))
        line.per_second.push_back(*speed);
      else
        line.unavailable = "round " + std::to_string(turn + 1) + ": " + speed.error().message;
    }
  for (std::size_t i = 0; i < field.size(); ++i) {
    out.lines[i].name = field[i]->name(); // only now: some name the best way that they found
    out.lines[i].median = median_of(out.lines[i].per_second);
    measure_against(out.lines.front(), out.lines[i]);
  }
  return out;
}

} // namespace cued::bench
