#pragma once

#include <map>
#include <memory>
#include <string>

#include "bench/contest/contest.hpp"
#include "bench/contest/contest_ground.hpp"
#include "bench/scenario.hpp"

namespace cued::bench {

/// What a cued runs in a contest: a scenario in its usual shape, for the length of a round.
struct own_server_wish {
  std::string name;
  scenario_maker work;
  load_shape shape;
  /// Settings of a cued of its own, which is started for each round and stopped after it. None: the ground's cued.
  std::map<std::string, std::string> settings = {};
  std::string database = {}; ///< with settings: where that cued works
};

/// A round fails if the scenario found its history unsound: speed without correctness does not count.
[[nodiscard]] std::unique_ptr<contestant> own_server(contest_ground& ground, own_server_wish wish);

} // namespace cued::bench
