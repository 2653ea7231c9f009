#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <vector>

#include <sys/types.h>

namespace cued::persistence {

/// What a postmaster tells about itself in `postmaster.pid` (PostgreSQL, utils/pidfile.h). The file may be a leftover.
struct postmaster_file {
  pid_t pid = 0;
  std::filesystem::path socket_dir;
  bool ready = false; ///< accepts connections
};

/// Nothing if there is no such file, or it is not whole enough to name a process.
[[nodiscard]] std::optional<postmaster_file> read_postmaster_file(const std::filesystem::path& file);

/// Whether process `pid` is a postmaster of that cluster, by its command line: numbers are given again, and a stale
/// file may name any process of the machine.
[[nodiscard]] bool is_postmaster_of(pid_t pid, const std::filesystem::path& cluster);

/// Every process that works in the cluster's directory, as far as the kernel shows them to us: also backends that have
/// lost their postmaster, which keep the next one from starting until they have noticed.
[[nodiscard]] std::vector<pid_t> processes_in(const std::filesystem::path& cluster);

/// Waits for all of them to end; a process that still runs after `patience` is the answer.
[[nodiscard]] std::optional<pid_t> wait_until_left(const std::filesystem::path& cluster,
                                                   std::chrono::milliseconds patience);

} // namespace cued::persistence
