#include "bench/report/plots.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "bench/report/figures.hpp"

namespace cued::bench {
namespace {

constexpr double width = 620, height = 300, left = 66, right = 16, top = 34, bottom = 46;
constexpr std::size_t colours = 6;
constexpr int steps_of_an_axis = 5;

struct axis {
  scale kind;
  double from, to;
  double pixel_from, pixel_to;

  [[nodiscard]] bool shows(double value) const { return kind == scale::linear || value > 0; }
  [[nodiscard]] double place(double value) const {
    const auto part =
        kind == scale::linear ? (value - from) / (to - from) : std::log(value / from) / std::log(to / from);
    return pixel_from + part * (pixel_to - pixel_from);
  }
};

/// From zero, or on a logarithmic axis from the decade of the smallest, to a little above the largest.
axis axis_over(scale kind, const std::vector<double>& values, double pixel_from, double pixel_to) {
  double low = std::numeric_limits<double>::max(), high = 0;
  for (const auto value : values)
    if (kind == scale::linear || value > 0) {
      low = std::min(low, value);
      high = std::max(high, value);
    }
  if (kind == scale::linear)
    return {kind, 0, high > 0 ? high * 1.05 : 1, pixel_from, pixel_to};
  const auto from = std::pow(10, std::floor(std::log10(low)));
  return {kind, from, std::max(std::pow(10, std::ceil(std::log10(high))), from * 10), pixel_from, pixel_to};
}

std::vector<double> ticks_of(const axis& a) {
  std::vector<double> out;
  if (a.kind == scale::logarithmic) {
    for (double tick = a.from; tick <= a.to * 1.001; tick *= 10)
      out.push_back(tick);
    return out;
  }
  const auto rough = (a.to - a.from) / steps_of_an_axis;
  const auto decade = std::pow(10, std::floor(std::log10(rough)));
  const auto step = decade * (rough / decade > 5 ? 10 : rough / decade > 2 ? 5 : rough / decade > 1 ? 2 : 1);
  for (double tick = a.from; tick <= a.to; tick += step)
    out.push_back(tick);
  return out;
}

std::string text_at(double x, double y, std::string_view anchor, std::string_view text, std::string_view extra = "") {
  return fmt::format(R"svg(<text x="{:.1f}" y="{:.1f}" text-anchor="{}" {}>{}</text>)svg", x, y, anchor, extra,
                     escaped_html(text));
}

std::string opened(std::string_view title, double tall) {
  return fmt::format(R"svg(<svg viewBox="0 0 {} {}" role="img" aria-label="{}">)svg", width, tall,
                     escaped_html(title)) +
         text_at(left, 18, "start", title, R"(class="title")");
}

std::string frame_of(const plot& p, const axis& x, const axis& y) {
  std::string out;
  for (const auto tick : ticks_of(y))
    out += fmt::format(R"svg(<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>)svg", left, width - right,
                       y.place(tick), y.place(tick)) +
           text_at(left - 6, y.place(tick) + 4, "end", short_number(tick));
  for (const auto tick : ticks_of(x))
    out += fmt::format(R"svg(<line class="grid" y1="{}" y2="{}" x1="{:.1f}" x2="{:.1f}"/>)svg", top, height - bottom,
                       x.place(tick), x.place(tick)) +
           text_at(x.place(tick), height - bottom + 16, "middle", short_number(tick));
  out += text_at((left + width - right) / 2, height - 10, "middle", p.x_name);
  return out + text_at(14, (top + height - bottom) / 2, "middle", p.y_name,
                       fmt::format(R"svg(transform="rotate(-90 14 {:.1f})")svg", (top + height - bottom) / 2));
}

std::string line_of(const series& line, std::size_t nth, const axis& x, const axis& y) {
  std::string points, dots;
  for (const auto& [px, py] : line.points)
    if (x.shows(px) && y.shows(py)) {
      points += fmt::format("{:.1f},{:.1f} ", x.place(px), y.place(py));
      if (line.points.size() <= 20)
        dots += fmt::format(R"svg(<circle r="3" cx="{:.1f}" cy="{:.1f}" fill="var(--series-{})"/>)svg", x.place(px),
                            y.place(py), nth % colours);
    }
  return fmt::format(R"svg(<polyline fill="none" stroke-width="2" stroke="var(--series-{})" points="{}"/>)svg",
                     nth % colours, points) +
         dots;
}

std::string legend_of(const std::vector<std::string>& names, double y) {
  std::string out;
  double x = width - right;
  for (std::size_t i = names.size(); i-- > 0;) {
    constexpr double per_character = 6.4, square = 10;
    out += text_at(x, y, "end", names[i]);
    x -= per_character * static_cast<double>(names[i].size()) + square + 4;
    out += fmt::format(R"svg(<rect x="{:.1f}" y="{:.1f}" width="{}" height="{}" fill="var(--series-{})"/>)svg", x,
                       y - square + 1, square, square, i % colours);
    x -= square;
  }
  return out;
}

/// As much as fits beside a bar; the table below has all of it.
std::string shortened(const std::string& name) {
  constexpr std::size_t characters = 50;
  return name.size() <= characters ? name : name.substr(0, characters - 1) + "…";
}

} // namespace

std::string escaped_html(std::string_view text) {
  std::string out;
  for (const char c : text)
    switch (c) {
    case '&':
      out += "&amp;";
      break;
    case '<':
      out += "&lt;";
      break;
    case '>':
      out += "&gt;";
      break;
    case '"':
      out += "&quot;";
      break;
    default:
      out += c;
    }
  return out;
}

std::string svg_of(const plot& p) {
  std::vector<double> xs, ys;
  for (const auto& line : p.lines)
    for (const auto& [x, y] : line.points)
      if ((p.x == scale::linear || x > 0) && (p.y == scale::linear || y > 0)) {
        xs.push_back(x);
        ys.push_back(y);
      }
  if (xs.empty())
    return "";
  const auto x = axis_over(p.x, xs, left, width - right), y = axis_over(p.y, ys, height - bottom, top);
  auto out = opened(p.title, height) + frame_of(p, x, y);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < p.lines.size(); ++i) {
    out += line_of(p.lines[i], i, x, y);
    names.push_back(p.lines[i].name);
  }
  return out + (names.size() > 1 ? legend_of(names, 18) : "") + "</svg>\n";
}

std::string svg_of_bars(std::string_view title, std::string_view unit, const std::vector<bar_row>& rows,
                        const std::vector<std::string>& legend) {
  if (rows.empty())
    return "";
  constexpr double row_height = 26, thickness = 16, names_width = 300, value_width = 96;
  double most = 0;
  for (const auto& row : rows) {
    double sum = 0;
    for (const auto part : row.parts)
      sum += part;
    most = std::max({most, sum, row.high});
  }
  const auto per_unit = (width - names_width - value_width) / (most > 0 ? most : 1);
  auto out = opened(title, top + row_height * static_cast<double>(rows.size()) + 8);
  double y = top;
  for (const auto& row : rows) {
    out += text_at(names_width - 8, y + 13, "end", shortened(row.name));
    double x = names_width, sum = 0;
    for (std::size_t i = 0; i < row.parts.size(); ++i) {
      out += fmt::format(R"svg(<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{}" fill="var(--series-{})"/>)svg", x,
                         y, row.parts[i] * per_unit, thickness, i % colours);
      x += row.parts[i] * per_unit;
      sum += row.parts[i];
    }
    if (row.high > row.low) {
      out += fmt::format(R"svg(<line class="whisker" x1="{:.1f}" x2="{:.1f}" y1="{:.1f}" y2="{:.1f}"/>)svg",
                         names_width + row.low * per_unit, names_width + row.high * per_unit, y + thickness / 2,
                         y + thickness / 2);
      x = std::max(x, names_width + row.high * per_unit);
    }
    out += text_at(x + 6, y + 13, "start", short_number(sum) + " " + std::string{unit});
    y += row_height;
  }
  return out + (legend.size() > 1 ? legend_of(legend, 18) : "") + "</svg>\n";
}

} // namespace cued::bench
