#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "domain/instant.hpp"

namespace cued::actors {

/// One HTTP request that leaves the house. Headers are sent in this order, as spelled.
struct webhook_request {
  std::string method; ///< POST, PUT, PATCH or GET (GET sends no body)
  std::string url;    ///< checked again by the sender, at the time of sending
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::chrono::milliseconds deadline{30'000}; ///< total: look-up, connect, TLS, send, answer
  std::string tenant = {}; ///< on whose behalf: the look-ups of one tenant do not hold up those of others
};

/// What came of it. Exactly one of `status` and a failure other than `none`.
struct webhook_response {
  enum class failure {
    none,
    timed_out,
    could_not_connect,
    blocked,
    protocol_error,
    cut_off, ///< by the end of the sender itself: says nothing of the receiver
  };
  failure what = failure::none;
  std::optional<int> status;
  std::string body;                       ///< decoded, valid UTF-8 without U+0000, cut to what is kept
  std::optional<int> retry_after_seconds; ///< of the answer's `Retry-After`
  std::string detail;                     ///< of a failure, for people; `blocked` says which rule
  std::optional<instant> first_byte_sent_at;
};

/// Sends webhooks without blocking the caller. Implemented by http/client; tests give a mock.
/// `done` is called exactly once, on a thread of the sender.
class webhook_sender {
public:
  virtual ~webhook_sender() = default;
  virtual void send(webhook_request request, std::function<void(webhook_response)> done) = 0;
};

} // namespace cued::actors
