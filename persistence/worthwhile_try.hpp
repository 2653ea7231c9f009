#pragma once

#include <cstddef>

namespace cued::persistence {

/// Whether a short cut that does not lead everywhere is tried: not for a while after it led nowhere. Where it never
/// does, one batch in 33 pays for it. Only speed hangs on it.
class worthwhile_try {
public:
  [[nodiscard]] bool now() {
    if (rests_ == 0)
      return true;
    --rests_;
    return false;
  }
  void came_to(std::size_t successes, std::size_t tries) { rests_ = 2 * successes < tries ? rests_after_failure : 0; }

private:
  static constexpr int rests_after_failure = 32;
  int rests_ = 0;
};

} // namespace cued::persistence
