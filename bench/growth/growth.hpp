#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "domain/error.hpp"

/// How what cued does grows with what it holds: the same short loads at sizes ten times apart. One axis at a time; what
/// an axis does not vary stays small.
namespace cued::bench {

enum class growth_axis {
  cues,    ///< active cues that are not due: firing, making and listing cues, memory, start
  history, ///< finished executions: claims and outcomes, reads, lists, firing
  tenants, ///< active accounts that share one load: claims and outcomes, memory
  nodes,   ///< processes on one machine and one Postgres: claims and outcomes, reads, over all of them
};

/// What is known of one size.
struct growth_point {
  double size = 0;
  std::map<std::string, double> figures; ///< name with its unit ("list cues, p50 ms")
};

struct growth_result {
  growth_axis axis = growth_axis::cues;
  std::vector<growth_point> points;
  std::vector<std::string> remarks; ///< what was not done, and why
};

struct growth_wish {
  growth_axis axis = growth_axis::cues;
  double up_to = 0;                             ///< 0: the axis' usual end
  std::filesystem::path program;                ///< the binary `cued`
  std::filesystem::path data_dir;               ///< of a cluster of its own; must be new or left by this program
  std::chrono::seconds duration{4};             ///< of each load
  double bytes_at_most = 40e9;                  ///< the database is not grown beyond this
  std::chrono::minutes generation_patience{25}; ///< in all; the sizes that are not reached are named in the remarks
  std::function<void(std::string_view)> progress = [](std::string_view) {};
  std::function<void(const std::string& dsn)> on_database = [](const std::string&) {}; ///< as soon as there is one
  std::function<void(const growth_point&)> on_point = [](const growth_point&) {};      ///< as soon as one is known
};

[[nodiscard]] result<growth_result> measure_growth(const growth_wish& wish);

[[nodiscard]] std::string_view name_of(growth_axis axis);
[[nodiscard]] result<growth_axis> read_growth_axis(std::string_view name);

} // namespace cued::bench
