#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Plots as SVG text. Colours are CSS variables of the page (`--ink`, `--faint`, `--series-0` … `--series-5`), so that
/// one drawing reads in light and dark.
namespace cued::bench {

struct series {
  std::string name;
  std::vector<std::pair<double, double>> points;
};

enum class scale { linear, logarithmic };

struct plot {
  std::string title, x_name, y_name;
  scale x = scale::linear, y = scale::linear;
  std::vector<series> lines;
};

/// Lines through points. On a logarithmic axis what is not above zero is left out. Empty where nothing is left.
[[nodiscard]] std::string svg_of(const plot& p);

struct bar_row {
  std::string name;
  std::vector<double> parts; ///< laid end to end, one colour each
  double low = 0, high = 0;  ///< a whisker; equal: none
};
/// Horizontal bars on one scale from zero. `legend` names the parts where there are several.
[[nodiscard]] std::string svg_of_bars(std::string_view title, std::string_view unit, const std::vector<bar_row>& rows,
                                      const std::vector<std::string>& legend = {});

/// Text that HTML takes for nothing else.
[[nodiscard]] std::string escaped_html(std::string_view text);

} // namespace cued::bench
