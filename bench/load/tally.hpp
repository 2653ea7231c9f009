#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "bench/load/http_load.hpp"

namespace cued::bench {

/// Counts what a load has seen. A request counts if it was begun (planned, where requests are planned) in the counted
/// part, whenever it is answered: else the slowest, those under way at the end, would be left out.
class tally {
public:
  using moment = std::chrono::steady_clock::time_point;

  tally(const load_plan& plan, moment start);

  [[nodiscard]] moment counted_from() const { return from_; }
  [[nodiscard]] moment counted_until() const { return until_; }
  [[nodiscard]] std::uint64_t succeeded() const { return succeeded_; } ///< of all, also before the counted part

  void answered(std::size_t kind, moment begun, moment at, bool success, int status, std::string_view body);
  /// Lost with its connection, or never answered: a failure, and its time until now is among the latencies.
  void unanswered(std::size_t kind, moment begun, moment at, std::string_view why);
  /// Planned in the counted part, but never sent: every connection was busy until the end.
  void unsent(moment planned);
  void lost_connection() { ++out_.lost_connections; }
  void failure(std::string text);
  /// The load has ended: early, if nobody had anything to say any more.
  void ended(moment at);

  /// Latencies of a closed loop are corrected here, with the mean interval between a connection's requests.
  [[nodiscard]] load_result result_of(const load_plan& plan) &&;

private:
  [[nodiscard]] bool counts(moment begun) const { return begun >= from_ && begun < until_; }

  load_result out_;
  moment from_, until_;
  std::uint64_t succeeded_ = 0;
};

} // namespace cued::bench
