#pragma once

#include <memory>
#include <string>

#include "bench/contest/contest.hpp"
#include "bench/contest/contest_ground.hpp"

namespace cued::bench {

/// A server of which nothing is known but its address and a key: whoever speaks the API. Its rows are made through the
/// API only (a worker cue, fired again and again), then claimed as "the next one" and reported, over HTTP by 128
/// connections. Operations are claims and outcomes. The account's limits must not be in the way: a refused request ends
/// the round. Address and key are those of the ground's wish.
[[nodiscard]] std::unique_ptr<contestant> api_rival(contest_ground& ground);

/// The ground's own cued, asked in the very same way.
[[nodiscard]] std::unique_ptr<contestant> own_server_by_api(contest_ground& ground);

} // namespace cued::bench
