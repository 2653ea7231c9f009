#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bench/scenario.hpp"

namespace cued::bench {

enum class command { list, run, compare, growth, bars };

/// What was typed. Fields of the shape that were not typed are nothing, so that the scenario's own hold.
struct options {
  command what = command::list;
  std::vector<std::string> names; ///< of scenarios, contests or axes of growth; empty: all

  std::optional<std::size_t> connections, tenants, cues, batch;
  std::optional<std::uint32_t> seconds, warm_up_seconds;
  std::optional<double> rate;
  bool hold_snapshot = false;
  std::size_t repeat = 1; ///< runs of each scenario, taking turns
  std::size_t rounds = 5; ///< of a contest, and of runs that are compared with each other
  double up_to = 0;       ///< the size at which growth ends; 0: the axis' usual end

  std::string url, dsn;           ///< of a server that is there; in a contest, of the one to compare with
  std::string key;                ///< of an account on that one
  std::filesystem::path cued;     ///< or the program to start …
  std::filesystem::path data_dir; ///< … with this directory; empty: a temporary one
  bool keep = false;              ///< the temporary directory
  std::map<std::string, std::string> environment;
  std::filesystem::path json, html; ///< files to write; empty: none
};

/// The shape of a run: the scenario's own, and what was typed in its place.
[[nodiscard]] load_shape shape_of(const scenario& which, const options& typed);

/// Reads the command line. Nothing: it has been answered (help, or what is wrong with it), and the program ends with
/// `exit_code`.
[[nodiscard]] std::optional<options> read_options(int argc, const char* const* argv, int& exit_code);

} // namespace cued::bench
