#pragma once

#include <string>

#include <boost/asio/awaitable.hpp>

#include "http/client/name_resolver.hpp"
#include "security/url_guard.hpp"

/// The URL guard with the look-up in its middle: the one way from a URL to addresses, for URLs that are stored and for
/// URLs that are about to be called. Source: spec/security.md §1.3, §1.4.
namespace cued::http::client {

/// Where a URL leads, when all of it is allowed: what may be connected to.
/// 400 `invalid_callback_url` when the guard refuses, or the name does not resolve within `limit`; 503
/// `service_unavailable` when too many look-ups wait.
[[nodiscard]] boost::asio::awaitable<result<addresses>>
vetted_addresses(name_resolver& names, const security::url_policy& policy, const security::url_candidate& candidate,
                 std::string tenant, std::chrono::milliseconds limit);

} // namespace cued::http::client
