#include "bench/report/html.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "bench/report/figures.hpp"
#include "bench/report/plots.hpp"
#include "bench/report/table.hpp"

namespace cued::bench {
namespace {

constexpr const char* head = R"html(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>cued-bench</title><style>
:root { --ink: #1b1f24; --faint: #d5d9de; --page: #ffffff; --card: #f6f7f9; --good: #1a7f37; --bad: #b3261e;
  --series-0: #2563eb; --series-1: #d97706; --series-2: #059669; --series-3: #9333ea; --series-4: #dc2626;
  --series-5: #0e7490; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --faint: #3a4048; --page: #14171a; --card: #1d2125;
  --good: #4ade80; --bad: #f87171; --series-0: #60a5fa; --series-1: #fbbf24; --series-2: #34d399; --series-3: #c084fc;
  --series-4: #f87171; --series-5: #22d3ee; } }
body { margin: 2rem auto; max-width: 84rem; padding: 0 1rem; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
section { background: var(--card); border-radius: 8px; padding: 1rem 1.25rem; margin: 1rem 0; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(26rem, 1fr)); gap: 1rem; }
svg { width: 100%; max-width: 46rem; height: auto; } svg text { fill: var(--ink); font: 11px system-ui, sans-serif; }
svg .title { font-weight: 600; font-size: 13px; } .grid { stroke: var(--faint); }
.whisker { stroke: var(--ink); stroke-width: 2; }
pre { overflow-x: auto; font: 13px/1.45 ui-monospace, monospace; }
table { border-collapse: collapse; } td, th { padding: 0.2rem 0.9rem 0.2rem 0; text-align: left; vertical-align: top; }
.met { color: var(--good); font-weight: 600; } .missed { color: var(--bad); font-weight: 600; }
</style></head><body>
<h1>cued-bench</h1>
)html";

std::string card(const std::string& title, const std::string& inside) {
  return "<section><h2>" + escaped_html(title) + "</h2>\n" + inside + "</section>\n";
}

std::string bars_table(const std::vector<bar>& bars) {
  std::string out = "<table><tr><th>bar</th><th>wanted</th><th>measured</th><th></th></tr>\n";
  for (const auto& b : bars) {
    const std::string verdict = !b.unavailable.empty() ? "not measured" : b.met ? "met" : "missed";
    out += "<tr><td>" + escaped_html(b.name) + "</td><td>" + escaped_html(b.wanted) + "</td><td>" +
           escaped_html(b.unavailable.empty() ? b.measured : b.unavailable) + "</td><td class=\"" +
           (b.met ? "met" : "missed") + "\">" + verdict + "</td></tr>\n";
  }
  return out + "</table>\n";
}

/// Medians with the slowest and the fastest round as whiskers.
std::string contest_card(const contest_result& c) {
  std::vector<bar_row> rows;
  for (const auto& line : c.lines)
    if (line.unavailable.empty() && !line.per_second.empty()) {
      const auto [low, high] = std::minmax_element(line.per_second.begin(), line.per_second.end());
      rows.push_back({line.name, {line.median}, *low, *high});
    }
  return card(c.title, svg_of_bars("median of the rounds, slowest to fastest", "/s", rows) + "<pre>" +
                           escaped_html(text_of(c)) + "</pre>");
}

std::vector<std::pair<double, double>> throughput_of(const measurement& m) {
  constexpr std::size_t ticks_per_second = 10;
  std::vector<std::pair<double, double>> out;
  for (std::size_t i = 0; i + ticks_per_second <= m.per_tick.size(); ++i) {
    double sum = 0;
    for (std::size_t k = 0; k < ticks_per_second; ++k)
      sum += static_cast<double>(m.per_tick[i + k]);
    out.emplace_back(static_cast<double>(i + ticks_per_second) / ticks_per_second, sum);
  }
  return out;
}

/// x: how many in one are slower (1 of 10, 1 of 100, …), y: milliseconds; the usual way to show a tail.
series percentiles_of(const std::string& name, const histogram& h) {
  series out{name, {}};
  for (const double one_of : {1.25, 2.0, 4.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 10'000.0})
    if (h.count() >= static_cast<std::uint64_t>(one_of))
      out.points.emplace_back(one_of, static_cast<double>(h.percentile(100 - 100 / one_of).count()) / 1000);
  return out;
}

/// How many were how late, by buckets that double.
std::vector<bar_row> doubling_buckets(const histogram& h) {
  std::vector<bar_row> out;
  double limit_us = 500;
  double within = 0;
  const auto close = [&] {
    if (!out.empty() || within > 0)
      out.push_back({"to " + short_duration(std::chrono::microseconds{static_cast<std::int64_t>(limit_us)}), {within}});
    within = 0;
  };
  for (const auto& step : h.steps()) {
    while (static_cast<double>(step.up_to.count()) > limit_us) {
      close();
      limit_us *= 2;
    }
    within += static_cast<double>(step.count);
  }
  close();
  return out;
}

std::string run_card(const measurement& m) {
  std::string plots = svg_of({"throughput",
                              "seconds",
                              "operations in the last second",
                              scale::linear,
                              scale::linear,
                              {{"", throughput_of(m)}}});
  plot latency{"latency", "one of … is slower", "ms", scale::logarithmic, scale::logarithmic, {}};
  for (const auto& [kind, h] : m.corrected_latency)
    latency.lines.push_back(percentiles_of(kind, h));
  plots += svg_of(latency);
  for (const auto& [stage, h] : m.lateness)
    plots += svg_of_bars("late " + stage, "", doubling_buckets(h));
  const auto c = costs_of(m);
  if (c.server_us_per_operation && c.postgres_us_per_operation && c.load_us_per_operation)
    plots +=
        svg_of_bars("processor time per operation", "µs",
                    {{"all", {*c.server_us_per_operation, *c.postgres_us_per_operation, *c.load_us_per_operation}}},
                    {"server", "Postgres", "load"});
  return card(m.scenario, "<div class=\"plots\">" + plots + "</div><pre>" + escaped_html(text_of(m)) + "</pre>");
}

} // namespace

std::string html_of(const report& all) {
  std::string out = head;
  out += "<p>" + escaped_html(text_of(all.on)) + "</p>\n";
  if (!all.bars.empty())
    out += card("Bars", bars_table(all.bars));
  for (const auto& contest : all.contests)
    out += contest_card(contest);
  std::string curves;
  for (const auto& c : all.curves)
    curves += svg_of({c.title, c.x_name, c.y_name, scale::logarithmic, scale::linear, {{c.y_name, c.points}}});
  if (!curves.empty())
    out += card("Growth", "<div class=\"plots\">" + curves + "</div>");
  for (const auto& run : all.runs)
    out += run_card(run);
  return out + "</body></html>\n";
}

} // namespace cued::bench
