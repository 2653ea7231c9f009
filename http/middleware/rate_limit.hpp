#pragma once

#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>

#include "domain/error.hpp"
#include "http/middleware/authentication.hpp"
#include "http/server/route.hpp"
#include "security/rate_limiter.hpp"

/// Who has asked too often? Source: spec/http.md §6, with the limit of a caller read from the same look-up that
/// authenticates him, so that a user's limit holds from his first request on. Keys that are nobody's count against
/// the address they come from, so that guessing keys is limited; a session has a window of its user's own.
namespace cued::http {

/// Requests per minute from an address that shows no valid key.
inline constexpr int requests_per_minute_of_address = 60;

/// Paths that are neither limited nor counted.
[[nodiscard]] bool is_exempt_from_rate_limit(std::string_view path);

/// The name of the window of a caller: of his key, or of all his sessions.
[[nodiscard]] std::string rate_key_of(const principal& caller);

/// The window in which a request counts, and how many it may hold.
struct rate_bucket {
  std::string key;
  int limit = requests_per_minute_of_address;
};
[[nodiscard]] rate_bucket bucket_of(const request& in, const identity& caller);

/// Counts the request if it may pass.
[[nodiscard]] boost::asio::awaitable<security::rate_decision> admit(services& with, rate_bucket bucket);

/// 429 of the sliding window.
[[nodiscard]] error rate_limit_exceeded(const security::rate_decision& refusal);

/// `X-RateLimit-Limit`, `-Remaining`, `-Reset`.
void add_rate_headers(const security::rate_decision& decision, response& out);

} // namespace cued::http
