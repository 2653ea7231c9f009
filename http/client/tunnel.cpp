#include "http/client/tunnel.hpp"

#include <sstream>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>

namespace cued::http::client {

namespace asio = boost::asio;
namespace bhttp = boost::beast::http;

namespace {

constexpr auto as_values = asio::as_tuple(asio::use_awaitable);
constexpr unsigned wants_credentials = 407; // RFC 9110 §15.5.8

tl::unexpected<error> unusable(const egress_proxy& proxy, const std::string& why) {
  return fail(502, "egress_unusable", "The egress proxy " + proxy.text() + " " + why);
}

tl::unexpected<error> refused(const egress_proxy& proxy, const asio::ip::tcp::endpoint& target,
                              const std::string& how) {
  std::ostringstream where;
  where << target;
  return fail(502, "egress_refused", "The egress proxy " + proxy.text() + " " + how + " to CONNECT " + where.str());
}

result<void> judge(const egress_proxy& proxy, const asio::ip::tcp::endpoint& target, unsigned status) {
  if (status / 100 == 2)
    return {};
  if (status == wants_credentials)
    return unusable(proxy, "does not accept our credentials (407)");
  return refused(proxy, target, "answered " + std::to_string(status));
}

} // namespace

asio::awaitable<result<void>> open_tunnel(boost::beast::tcp_stream& stream, const egress_proxy& proxy,
                                          asio::ip::tcp::endpoint target) {
  const std::string request = connect_request(proxy, target);
  const auto [not_sent, sent] = co_await asio::async_write(stream, asio::buffer(request), as_values);
  if (not_sent)
    co_return unusable(proxy, "hung up: " + not_sent.message());

  boost::beast::flat_buffer buffer{tunnel_head_limit_bytes};
  bhttp::response_parser<bhttp::empty_body> parser;
  parser.header_limit(tunnel_head_limit_bytes);
  parser.skip(true); // an answer to CONNECT has no body, whatever its headers say (RFC 9110 §9.3.6)
  const auto [failed, count] = co_await bhttp::async_read_header(stream, buffer, parser, as_values);
  if (failed == boost::beast::error::timeout)
    co_return refused(proxy, target, "gave no answer in time");
  if (failed)
    co_return unusable(proxy, "gave no answer to CONNECT: " + failed.message());
  auto verdict = judge(proxy, target, parser.get().result_int());
  // Through the tunnel we speak first, so nothing can have come from the target yet.
  if (verdict && buffer.size() != 0)
    co_return unusable(proxy, "sent more than an answer to CONNECT");
  co_return verdict;
}

} // namespace cued::http::client
