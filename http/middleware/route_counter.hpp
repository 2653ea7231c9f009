#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>

#include "domain/error.hpp"
#include "http/services.hpp"

/// Limits of single routes, besides the rate limit of all (spec/http.md §6.4).
namespace cued::http {

/// `limit` calls within a window that begins with the first.
struct route_limit {
  std::string_view name; ///< the counter's key is `<name>:<what is counted>`
  int calls = 0;
  std::chrono::seconds window{0};
};

/// Counts a call for `whom` (an address, a code). 429 `rate_limit_exceeded` with Retry-After when there were too many.
[[nodiscard]] boost::asio::awaitable<result<void>> count_call(services& with, route_limit limit, std::string whom);

} // namespace cued::http
