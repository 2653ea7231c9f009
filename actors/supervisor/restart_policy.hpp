#pragma once

#include <chrono>
#include <cstddef>

namespace cued::actors {

/// A pool member that died: spawned again after a pause that grows with each death in a row.
struct restart_policy {
  std::chrono::milliseconds first_pause{50};
  std::chrono::milliseconds longest_pause{5'000};
  std::size_t deaths_at_most = 10; ///< of one member within `deaths_within`: more is hopeless
  std::chrono::seconds deaths_within{60};
};

} // namespace cued::actors
