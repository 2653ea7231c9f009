#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include <sys/types.h>

namespace cued::bench {

/// Processor time and memory of a family of processes: one and all that descend from it, as /proc has it. Time of
/// children that ended is counted where their parent has waited for them.
struct process_usage {
  std::chrono::microseconds cpu{0};
  std::int64_t resident_bytes = 0; ///< of one process: its resident set; of a family: shared pages counted once (Pss)
};

/// `root` < 1: nothing is known, all zero.
[[nodiscard]] process_usage usage_of_family(pid_t root);
[[nodiscard]] process_usage usage_of_process(pid_t pid);

/// Who used the processors during a measurement.
struct cpu_split {
  std::chrono::microseconds server{0}, postgres{0}, load{0};
};

} // namespace cued::bench
