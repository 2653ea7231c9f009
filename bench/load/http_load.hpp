#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/measure/histogram.hpp"
#include "domain/error.hpp"

namespace cued::bench {

/// One request as it goes over the wire, and which kind of operation it is (an index into load_plan::kinds).
struct outgoing {
  std::size_t kind = 0;
  std::string text; ///< head and body
};

struct incoming {
  std::size_t kind = 0;
  int status = 0;        ///< 0: the connection was lost before the answer was complete
  std::string_view body; ///< valid during the call only
};

/// What the connections of a load say. Called on the load's own thread only. A connection is an index from 0.
class conversation {
public:
  virtual ~conversation() = default;
  /// The next request of `connection`, or nothing: it has no more to say (it is asked again after the next answer
  /// anywhere, and the load ends when nobody has anything to say and nobody waits).
  virtual std::optional<outgoing> next(std::size_t connection) = 0;
  /// Its answer. Returns whether it counts as a success.
  virtual bool answered(std::size_t connection, const incoming& answer) = 0;
};

struct load_plan {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  std::size_t connections = 1;
  std::chrono::milliseconds warm_up{2000}; ///< sent and answered, not counted
  std::chrono::milliseconds duration{10'000};
  /// Requests per second over all connections, planned ahead of time, latency counted from the planned instant (open
  /// loop, no coordinated omission). 0: each connection sends its next request when the answer has come (closed loop);
  /// then latencies are corrected with the mean interval of their connection.
  double rate = 0;
  std::vector<std::string> kinds; ///< names of the kinds of operations
};

struct load_result {
  struct kind {
    std::string name;
    histogram latency;           ///< as measured
    histogram corrected_latency; ///< for coordinated omission
    std::uint64_t succeeded = 0, failed = 0;
  };
  std::vector<kind> kinds;
  std::chrono::microseconds measured{0};         ///< length of the counted part
  std::vector<std::uint64_t> succeeded_per_tick; ///< one per 100 ms of the counted part
  std::uint64_t lost_connections = 0;
  std::uint64_t succeeded_in_all = 0; ///< with the warm-up: what the costs of the whole load are divided by
  std::uint64_t unsent = 0; ///< fixed rate: planned in the counted part, but all connections were busy to the end
  std::vector<std::string> first_failures; ///< a few statuses and bodies, for people
};

/// Runs a load over keep-alive connections from one thread, epoll underneath. Blocks until the plan's time is over and
/// what was in flight is answered (at most 5 s). `on_second` hears once a second how many have succeeded so far.
[[nodiscard]] result<load_result> run_load(const load_plan& plan, conversation& talk,
                                           const std::function<void(std::uint64_t)>& on_second = {});

/// Texts of requests.
[[nodiscard]] std::string get_request(std::string_view path, std::string_view key);
[[nodiscard]] std::string post_request(std::string_view path, std::string_view key, std::string_view json_body);

} // namespace cued::bench
