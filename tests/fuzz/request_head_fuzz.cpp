#include <boost/asio/buffer.hpp>

#include "http/client/request_head.hpp"
#include "http/server/message_parser.hpp"
#include "security/sendable_header.hpp"
#include "security/url.hpp"
#include "tests/fuzz/fuzz.hpp"

// Input: method, URL, then `name: value` lines: a webhook as a user configures it. What we would send is read by our
// own parser.
namespace {

using cued::fuzz::require;
using cued::fuzz::require_equal;
namespace security = cued::security;

/// Of these the sender writes its own; a user's is kept where HTTP leaves the choice to him.
constexpr std::size_t own_headers_max = 5;

void check_sent(const std::string& head, const cued::actors::webhook_request& asked, const security::url& url) {
  cued::http::request got;
  cued::http::message_parser parser{got, 1000};
  parser.header_limit(1024 * 1024);
  boost::beast::error_code ec;
  const auto used = parser.put(boost::asio::buffer(head), ec);
  require(parser.is_header_done() && used == head.size(), "the head is one head, to its last byte");
  require_equal(got.target, url.target, "the target is that of the URL");
  const auto* host = got.header("host");
  require(host && *host == url.authority(), "Host is that of the URL");
  std::size_t expected = 0;
  for (const auto& [name, value] : asked.headers) {
    if (security::is_framing_header(name))
      continue;
    require(std::find(got.headers.begin(), got.headers.end(), std::pair{name, value}) != got.headers.end(),
            "a header of the user is sent as it is");
    ++expected;
  }
  require(got.headers.size() >= expected && got.headers.size() <= expected + own_headers_max,
          "no header comes along that nobody asked for");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  cued::fuzz::input in{data, size};
  cued::actors::webhook_request asked;
  asked.method = in.line();
  const auto url = security::parse_url(in.line());
  while (!in.empty()) {
    const auto line = in.line();
    const auto colon = line.find(": ");
    if (colon == std::string_view::npos)
      break;
    asked.headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
  }
  asked.body = in.rest();
  if (!url)
    return 0;
  const auto head = cued::http::client::request_head(asked, url->authority(), url->target);
  bool sendable = security::is_sendable_header(asked.method, "");
  for (const auto& [name, value] : asked.headers)
    sendable = sendable && security::is_sendable_header(name, value);
  require(head.has_value() == sendable, "exactly what can be sent is sent");
  if (head)
    check_sent(*head, asked, *url);
  return 0;
}
