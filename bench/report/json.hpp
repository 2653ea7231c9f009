#pragma once

#include <string>

#include "bench/report/report.hpp"

namespace cued::bench {

/// The whole report as one JSON document, for programs. Every unit is in the name; nothing is rounded.
///
///   format        1; another number when a member changes its meaning
///   conditions    begun_at, processor, processors, memory_bytes, kernel, postgres, durability, subject, cold_start_ms
///   runs[]        scenario
///                 shape: connections, tenants, seconds, warm_up_seconds, rate, cues, batch, held_snapshot
///                 operations_per_second   of the counted part
///                 operations              of the whole load, what costs are divided by
///                 failures
///                 latency, corrected_latency, lateness: by name: count, mean_us, p50_us, p95_us, p99_us, p99_9_us,
///                   max_us, steps: [[up_to_us, count], …] (the histogram itself; merge these, never percentiles)
///                 per_tick, tick_ms       operations in each tick
///                 cpu_us: server, postgres, load
///                 server_at_end, postgres_at_end: cpu_us (since their start), resident_bytes
///                 database: commits, wal_bytes, full_page_images, wal_syncs, updates, hot_updates (spent),
///                   dead_tuples, database_bytes (at the end)
///                 per_operation: commits, wal_bytes, wal_syncs, hot_share, server_us, postgres_us, load_us; null where
///                   it was not measured
///                 figures                 by name, unit last
///                 history_faults[], remarks[]
///   contests[]    title, lines[]: name, per_second[], median, ratio_median, ratio_low, ratio_high, unavailable
///   curves[]      title, x_name, y_name, points: [[x, y], …]
///   bars[]        name, wanted, measured, met, unavailable
[[nodiscard]] std::string json_of(const report& all);

} // namespace cued::bench
