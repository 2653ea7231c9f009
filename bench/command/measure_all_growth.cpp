#include <algorithm>
#include <cstdio>

#include "bench/command/commands.hpp"
#include "bench/command/ground.hpp"
#include "bench/growth/growth.hpp"
#include "bench/growth/series.hpp"
#include "bench/report/figures.hpp"
#include "bench/report/machine.hpp"
#include "bench/report/table.hpp"

namespace cued::bench {
namespace {

void print_axis(const growth_result& grown, report& out) {
  std::vector<std::vector<std::string>> table{{std::string{name_of(grown.axis)}}};
  for (const auto& point : grown.points)
    table.front().push_back(short_number(point.size));
  table.front().push_back("grows as size^");
  for (auto& one : curves_of(grown)) {
    std::vector<std::string> row{one.y_name};
    for (const auto& point : grown.points) {
      const auto found =
          std::find_if(one.points.begin(), one.points.end(), [&](const auto& p) { return p.first == point.size; });
      row.push_back(found == one.points.end() ? "" : short_number(found->second));
    }
    row.push_back(short_number(exponent_of(one)));
    table.push_back(std::move(row));
    out.curves.push_back(std::move(one));
  }
  std::printf("\n%s", aligned(table).c_str());
  for (const auto& remark : grown.remarks)
    std::printf("  remark: %s\n", remark.c_str());
  std::fflush(stdout);
}

result<void> measure_axis(growth_axis axis, const options& typed, progress& telling, report& out) {
  std::unique_ptr<scratch_directory> directory;
  const auto data_dir = data_directory_of(typed, directory);
  if (!data_dir)
    return fail(data_dir.error());
  telling.topic("growth of " + std::string{name_of(axis)});
  growth_wish wish;
  wish.axis = axis;
  wish.up_to = typed.up_to;
  wish.program = typed.cued;
  wish.data_dir = typed.data_dir.empty() ? *data_dir : *data_dir / name_of(axis);
  if (typed.seconds)
    wish.duration = std::chrono::seconds{*typed.seconds};
  wish.progress = [&telling](std::string_view line) { telling.tell(line); };
  wish.on_database = [&out](const std::string& dsn) { describe_database(dsn, out.on); };
  const auto grown = measure_growth(wish);
  telling.clear();
  if (!grown)
    return fail(grown.error());
  print_axis(*grown, out);
  return {};
}

} // namespace

result<void> measure_all_growth(const options& typed, progress& telling, report& out) {
  std::vector<growth_axis> axes;
  for (const auto& name : typed.names) {
    const auto axis = read_growth_axis(name);
    if (!axis)
      return fail(axis.error());
    axes.push_back(*axis);
  }
  if (axes.empty())
    axes = {growth_axis::cues, growth_axis::history, growth_axis::tenants, growth_axis::nodes};
  if (typed.up_to > 0 && axes.size() != 1)
    return fail(400, "which_axis", "--up-to is a size along one axis; name it");
  out.on = describe_machine();
  out.on.subject = typed.cued.filename().string();
  for (const auto axis : axes)
    if (const auto measured = measure_axis(axis, typed, telling, out); !measured)
      return fail(measured.error());
  std::fputs(text_of(out.on).c_str(), stdout);
  return {};
}

} // namespace cued::bench
