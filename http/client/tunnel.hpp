#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include "domain/error.hpp"
#include "http/client/egress_proxy.hpp"

namespace cued::http::client {

inline constexpr std::size_t tunnel_head_limit_bytes = 16 * 1024;

/// Asks the proxy at the other end of `stream` for a tunnel to `target` (CONNECT). After success the stream speaks with
/// the target. Runs on the stream's executor, within the stream's own time limit.
/// Errors, whose texts are for the operator (they name the proxy, never its password):
///   502 `egress_refused`   the proxy is well and does not lead there, or not in time; another address may do
///   502 `egress_unusable`  the proxy wants other credentials, does not speak HTTP, or hangs up
[[nodiscard]] boost::asio::awaitable<result<void>>
open_tunnel(boost::beast::tcp_stream& stream, const egress_proxy& proxy, boost::asio::ip::tcp::endpoint target);

} // namespace cued::http::client
