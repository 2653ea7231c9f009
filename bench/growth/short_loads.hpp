#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "bench/load/http_load.hpp"
#include "domain/error.hpp"

/// The loads that are laid upon each size: short, closed, the same every time.
namespace cued::bench {

/// Nodes that serve one database; a load is shared evenly between them, a thread of the load for each.
struct node_address {
  std::string host;
  std::uint16_t port = 0;
};
using node_addresses = std::vector<node_address>;

struct speed {
  double per_second = 0;
  histogram latency;
};

struct open_execution {
  std::string execution_id, api_key;
};
/// Each connection claims the next of the list and reports on it; both are operations.
[[nodiscard]] result<speed> claim_and_report(const node_addresses& nodes, const std::vector<open_execution>& pending,
                                             std::size_t connections, std::chrono::milliseconds duration);

/// Requests that may be sent again and again, in turn.
[[nodiscard]] result<speed> repeat_requests(const node_addresses& nodes, const std::vector<std::string>& requests,
                                            std::size_t connections, std::chrono::milliseconds duration);

/// POSTs that make something: each body once, `{n}` in it replaced by a number that no other has.
[[nodiscard]] result<speed> post_each_once(const node_addresses& nodes, const std::string& path,
                                           const std::vector<std::string>& api_keys, const std::string& body,
                                           std::size_t connections, std::chrono::milliseconds duration);

} // namespace cued::bench
