#include "bench/growth/series.hpp"

#include <cmath>
#include <set>
#include <sstream>

namespace cued::bench {
namespace {

std::set<std::string> figures_of(const growth_result& of) {
  std::set<std::string> names;
  for (const auto& point : of.points)
    for (const auto& [name, value] : point.figures)
      names.insert(name);
  return names;
}

std::string cell(std::string text) {
  if (text.find_first_of(",\"\n") == std::string::npos)
    return text;
  std::string out = "\"";
  for (const char c : text)
    out += c == '"' ? std::string{"\"\""} : std::string{c};
  return out + "\"";
}

} // namespace

std::vector<double> sizes_between(double least, double most) {
  std::vector<double> out;
  constexpr double rounding = 1.0000001; // 10^k by multiplication
  for (double size = least; size <= most * rounding; size *= 10)
    out.push_back(size);
  return out;
}

std::vector<double> numbers_between(double least, double most) {
  std::vector<double> out;
  for (double number = least; number <= most; ++number)
    out.push_back(number);
  return out;
}

std::vector<curve> curves_of(const growth_result& of) {
  std::vector<curve> out;
  for (const auto& name : figures_of(of)) {
    curve one{name + " by " + std::string{name_of(of.axis)}, std::string{name_of(of.axis)}, name, {}};
    for (const auto& point : of.points)
      if (const auto found = point.figures.find(name); found != point.figures.end())
        one.points.emplace_back(point.size, found->second);
    out.push_back(std::move(one));
  }
  return out;
}

double exponent_of(const curve& of) {
  double n = 0, x = 0, y = 0, xx = 0, xy = 0;
  for (const auto& [size, value] : of.points) {
    if (size <= 0 || value <= 0)
      continue;
    const double lx = std::log(size), ly = std::log(value);
    n += 1;
    x += lx;
    y += ly;
    xx += lx * lx;
    xy += lx * ly;
  }
  const double spread = n * xx - x * x;
  return n < 2 || spread == 0 ? 0 : (n * xy - x * y) / spread;
}

std::string csv_of(const growth_result& of) {
  const auto names = figures_of(of);
  std::ostringstream out;
  out.precision(12); // sizes as they are, not as 1e+06
  out << name_of(of.axis);
  for (const auto& name : names)
    out << ',' << cell(name);
  out << '\n';
  for (const auto& point : of.points) {
    out << point.size;
    for (const auto& name : names) {
      out << ',';
      if (const auto found = point.figures.find(name); found != point.figures.end())
        out << found->second;
    }
    out << '\n';
  }
  return std::move(out).str();
}

} // namespace cued::bench
