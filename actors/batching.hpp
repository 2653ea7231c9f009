#pragma once

#include <algorithm>

#include "domain/instant.hpp"

namespace cued::actors {

/// A batch holds at most this many rows: large enough that the commit is shared by all, small enough that none of them
/// waits long for the others. bench/ measures it.
inline constexpr std::size_t batch_rows_at_most = 1000;

/// Instants for batches, from the wall clock but never twice the same: a batch is known by its instant when its commit
/// fell into doubt and it has to be repeated.
class batch_clock {
public:
  explicit batch_clock(const time_source& clock) : clock_{clock} {}

  instant next() {
    last_ = std::max(clock_.now(), last_ + std::chrono::microseconds{1});
    return last_;
  }

private:
  const time_source& clock_;
  instant last_{};
};

} // namespace cued::actors
