#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/subject/fixture.hpp"
#include "domain/error.hpp"

/// Rows by the million, made by the database itself: INSERT … SELECT in portions, without the checks of foreign keys
/// and without secondary indexes, which are made anew when all rows are there. Only for a database that nobody else
/// uses.
namespace cued::bench {

/// A cue of the crowd, by its number from 0.
[[nodiscard]] std::string crowd_cue_id(std::int64_t number);

/// Worker cues of the crowd, numbers `from` to `to` - 1, dealt to the tenants in turn; due evenly spread over the year
/// after next month, so never during a run.
[[nodiscard]] result<void> add_cues(const std::string& dsn, const std::vector<tenant>& tenants, std::int64_t from,
                                    std::int64_t to);

/// Finished executions of the crowd's first `cues` cues, numbers `from` to `to` - 1, dealt to them in turn; each cue's
/// lie a minute apart and end yesterday at the latest.
[[nodiscard]] result<void> add_history(const std::string& dsn, std::int64_t cues, std::int64_t from, std::int64_t to);

/// What a load left pending becomes history, so that lists of open executions are as long at every size.
[[nodiscard]] result<void> finish_open_executions(const std::string& dsn);

/// As after a long quiet night: statistics are fresh, visible pages are known, nothing is dirty.
[[nodiscard]] result<void> come_to_rest(const std::string& dsn);

/// Finished executions and whose they are, taken from all over a table of about `of_rows` rows.
struct sampled_execution {
  std::string execution_id, user_id;
};
[[nodiscard]] result<std::vector<sampled_execution>> sample_history(const std::string& dsn, std::size_t count,
                                                                    double of_rows);

[[nodiscard]] result<double> database_bytes(const std::string& dsn);

/// How late executions were made that were due from `begin` on, in milliseconds: the median and the 99th percentile.
struct fire_lateness {
  std::int64_t fired = 0;
  double p50_ms = 0, p99_ms = 0;
};
[[nodiscard]] result<fire_lateness> lateness_since(const std::string& dsn, instant begin);

} // namespace cued::bench
