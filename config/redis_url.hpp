#pragma once

#include <string>

#include <tl/expected.hpp>

namespace cued::config {

/// Where Redis is and who we are there.
struct redis_address {
  std::string host = "localhost";
  int port = 6379;
  std::string socket_path; ///< not empty: a unix socket instead of host and port
  std::string user, password;
  int database = 0;
};

/// Takes REDIS_URL apart: `redis://[user:password@]host[:port][/db]` or `unix://[user:password@]/path[?db=n]`.
/// User and password are percent-decoded. `rediss://` is refused, for our client cannot encrypt.
/// Source: spec/config.md §2. The error is a sentence without the value, which may hold a password.
[[nodiscard]] tl::expected<redis_address, std::string> read_redis_url(const std::string& url);

} // namespace cued::config
