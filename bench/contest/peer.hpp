#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/contest/contest.hpp"
#include "bench/contest/contest_ground.hpp"

/// Other job queues on Postgres. Each is a small program of bench/peers/ in its own language, with its versions pinned,
/// which the harness installs and builds in its cache and runs once for each round. It fills its queue, works it off
/// and prints one line of JSON: jobs completed per second, counted in its own table, whether the queue ran dry, and
/// what its session says of fsync and synchronous_commit.
namespace cued::bench {

struct peer_wish {
  std::string name;
  std::string folder;               ///< below bench/peers/, and below the cache
  std::vector<std::string> tools;   ///< programs that installing and running need
  std::vector<std::string> install; ///< command, run in the folder's copy once
  std::vector<std::string> run;     ///< command; "DSN", "SECONDS" and "JOBS" are replaced
  std::string database;             ///< its own, in the ground's cluster
  std::size_t jobs_per_second = 0;  ///< a first guess of how many jobs it needs
};

[[nodiscard]] std::unique_ptr<contestant> peer(contest_ground& ground, peer_wish wish);

/// What a peer's last line says.
struct peer_report {
  double per_second = 0;
  bool ran_dry = false; ///< there was nothing left to do before the time was over: too low a figure
};
/// Error: no such line, or a session that does not wait for the disk.
[[nodiscard]] result<peer_report> read_peer_report(std::string_view output);

} // namespace cued::bench
