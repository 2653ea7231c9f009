#include "bench/growth/growth.hpp"

#include <algorithm>
#include <array>

#include "bench/contest/contest_ground.hpp"
#include "bench/growth/growing_place.hpp"
#include "bench/growth/series.hpp"

namespace cued::bench {
namespace {

using steady = std::chrono::steady_clock;

/// What an axis is called, where it ends unless somebody wants more, and how many tenants share its loads.
struct axis_facts {
  growth_axis axis;
  std::string_view name;
  double least, usual_end;
  std::size_t tenants;
};
constexpr std::array<axis_facts, 4> facts{{
    {growth_axis::cues, "cues", 1e3, 1e6, 100},
    {growth_axis::history, "history", 1e5, 1e7, 100},
    {growth_axis::tenants, "tenants", 1, 1e4, 0},
    {growth_axis::nodes, "nodes", 1, 4, 16},
}};
constexpr std::int64_t crowd_cues_of_history = 10'000;
constexpr double bytes_per_execution = 900; // with its index entries, on the safe side
constexpr double bytes_per_cue = 900;

const axis_facts& facts_of(growth_axis axis) { return *std::ranges::find(facts, axis, &axis_facts::axis); }

/// Makes more rows until there are as many as wanted, unless there is no room or time for them.
class growing {
public:
  growing(const growth_wish& wish, growth_result& out) : wish_{wish}, out_{out} {}

  template <class Add>
  result<bool> reach(double size, double bytes_of_one, Add add) {
    if (size * bytes_of_one > wish_.bytes_at_most)
      return give_up(size, "it would take more room than allowed");
    const auto per_row = made_ > 0 ? spent_ / made_ : std::chrono::duration<double>{0};
    if (spent_ + per_row * (size - made_) > wish_.generation_patience)
      return give_up(size, "making it would take longer than allowed");
    wish_.progress("making rows up to " + std::to_string(static_cast<std::int64_t>(size)));
    const auto begin = steady::now();
    const result<void> added = add(static_cast<std::int64_t>(made_), static_cast<std::int64_t>(size));
    if (!added)
      return fail(added.error());
    spent_ += steady::now() - begin;
    made_ = size;
    return true;
  }

private:
  result<bool> give_up(double size, const std::string& why) {
    out_.remarks.push_back("no " + std::to_string(static_cast<std::int64_t>(size)) + ": " + why);
    return false;
  }

  const growth_wish& wish_;
  growth_result& out_;
  double made_ = 0;
  std::chrono::duration<double> spent_{0};
};

void keep(const growth_wish& wish, growth_point point, growth_result& out) {
  wish.on_point(point);
  out.points.push_back(std::move(point));
}

result<growth_result> grow_cues(const growth_wish& wish, const std::vector<double>& sizes, const axis_facts& of) {
  growth_result out{of.axis, {}, {}};
  const auto place = growing_place::open(wish, of.tenants);
  if (!place)
    return fail(place.error());
  auto& at = **place;
  growing rows{wish, out};
  for (const double size : sizes) {
    const auto there = rows.reach(size, bytes_per_cue, [&](std::int64_t from, std::int64_t to) -> result<void> {
      if (auto added = add_cues(at.dsn(), at.tenants(), from, to); !added)
        return added;
      return come_to_rest(at.dsn());
    });
    if (!there)
      return fail(there.error());
    if (!*there)
      break;
    growth_point point{size, {}};
    if (auto done = at.measure_fires(point); !done)
      return fail(done.error());
    if (auto done = at.measure_cue_routes(point); !done)
      return fail(done.error());
    if (auto done = at.measure_size(point); !done)
      return fail(done.error());
    keep(wish, std::move(point), out);
  }
  return out;
}

result<growth_result> grow_history(const growth_wish& wish, const std::vector<double>& sizes, const axis_facts& of) {
  growth_result out{of.axis, {}, {}};
  const auto place = growing_place::open(wish, of.tenants);
  if (!place)
    return fail(place.error());
  auto& at = **place;
  if (const auto cues = add_cues(at.dsn(), at.tenants(), 0, crowd_cues_of_history); !cues)
    return fail(cues.error());
  growing rows{wish, out};
  for (const double size : sizes) {
    const auto there = rows.reach(size, bytes_per_execution, [&](std::int64_t from, std::int64_t to) -> result<void> {
      if (auto added = add_history(at.dsn(), crowd_cues_of_history, from, to); !added)
        return added;
      return come_to_rest(at.dsn());
    });
    if (!there)
      return fail(there.error());
    if (!*there)
      break;
    growth_point point{size, {}};
    if (auto done = at.measure_fires(point); !done)
      return fail(done.error());
    if (auto done = at.measure_reads(at.nodes(), size, point); !done)
      return fail(done.error());
    if (auto done = at.measure_lists(crowd_cues_of_history, point); !done)
      return fail(done.error());
    if (auto done = at.measure_claims(at.nodes(), point); !done)
      return fail(done.error());
    if (auto done = at.measure_size(point); !done)
      return fail(done.error());
    keep(wish, std::move(point), out);
  }
  return out;
}

result<growth_result> grow_tenants(const growth_wish& wish, const std::vector<double>& sizes, const axis_facts& of) {
  growth_result out{of.axis, {}, {}};
  for (const double size : sizes) {
    const auto place = growing_place::open(wish, static_cast<std::size_t>(size));
    if (!place)
      return fail(place.error());
    auto& at = **place;
    growth_point point{size, {}};
    if (auto done = at.measure_claims(at.nodes(), point); !done)
      return fail(done.error());
    if (auto done = at.measure_size(point); !done)
      return fail(done.error());
    keep(wish, std::move(point), out);
  }
  return out;
}

/// The first node is the one with the private cluster; the others are told where that is.
result<growth_result> grow_nodes(const growth_wish& wish, const std::vector<double>& sizes, const axis_facts& of) {
  growth_result out{of.axis, {}, {}};
  const auto place = growing_place::open(wish, of.tenants);
  if (!place)
    return fail(place.error());
  auto& at = **place;
  constexpr std::int64_t history = 100'000;
  if (const auto made = add_cues(at.dsn(), at.tenants(), 0, crowd_cues_of_history); !made)
    return fail(made.error());
  if (const auto made = add_history(at.dsn(), crowd_cues_of_history, 0, history); !made)
    return fail(made.error());
  std::vector<std::unique_ptr<server>> others;
  auto nodes = at.nodes();
  for (const double size : sizes) {
    while (nodes.size() < static_cast<std::size_t>(size)) {
      const auto number = std::to_string(nodes.size() + 1);
      auto one = server::start({wish.program,
                                wish.data_dir.parent_path() / ("node-" + number),
                                {{"DATABASE_URL", database_url_of(at.dsn())},
                                 {"NODE_NAME", "node-" + number},
                                 {"DATABASE_POOL_SIZE", "3"}, // the private cluster has connections for one node
                                 {"DATABASE_MAX_OVERFLOW", "0"}}});
      if (!one)
        return fail(one.error());
      nodes.push_back({(*one)->host(), (*one)->port()});
      others.push_back(std::move(*one));
    }
    growth_point point{size, {}};
    if (auto done = at.measure_claims(nodes, point); !done)
      return fail(done.error());
    if (auto done = at.measure_reads(nodes, history, point); !done)
      return fail(done.error());
    keep(wish, std::move(point), out);
  }
  return out;
}

} // namespace

result<growth_result> measure_growth(const growth_wish& wish) {
  const auto& of = facts_of(wish.axis);
  const auto end = wish.up_to > 0 ? wish.up_to : of.usual_end;
  const auto sizes = wish.axis == growth_axis::nodes ? numbers_between(of.least, end) : sizes_between(of.least, end);
  if (sizes.empty())
    return fail(400, "too_small", "the smallest size of this axis is " + std::to_string(of.least));
  switch (wish.axis) {
  case growth_axis::cues:
    return grow_cues(wish, sizes, of);
  case growth_axis::history:
    return grow_history(wish, sizes, of);
  case growth_axis::tenants:
    return grow_tenants(wish, sizes, of);
  case growth_axis::nodes:
    break;
  }
  return grow_nodes(wish, sizes, of);
}

std::string_view name_of(growth_axis axis) { return facts_of(axis).name; }

result<growth_axis> read_growth_axis(std::string_view name) {
  const auto found = std::ranges::find(facts, name, &axis_facts::name);
  if (found == facts.end())
    return fail(400, "unknown_axis", "growth is along cues, history, tenants or nodes");
  return found->axis;
}

} // namespace cued::bench
