#pragma once

#include <cstddef>

#include "domain/instant.hpp"
#include "persistence/postgres/connection.hpp"

/// Workers that stopped to send heartbeats. Source: spec/delivery.md §11; once per outage, where the reference repeats
/// hourly, and with an alert. Thread: the connection's.
namespace cued::persistence {

/// A worker that has been silent for this long is told of. One that fell silent before the second limit is history.
inline constexpr std::chrono::seconds worker_offline_after{300};
inline constexpr std::chrono::hours worker_outage_told_within{24 * 7};

/// Writes an alert `worker_offline`, its notice and a letter for each worker that is silent and was not told of since
/// it was last heard. Returns how many. In one transaction: an outage is marked as told if and only if it was.
[[nodiscard]] result<std::size_t> tell_silent_workers(connection& db, instant now);

} // namespace cued::persistence
