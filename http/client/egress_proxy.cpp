#include "http/client/egress_proxy.hpp"

#include <sstream>

#include <openssl/evp.h>
#include <spdlog/spdlog.h>

#include "security/address.hpp"
#include "security/url.hpp"

namespace cued::http::client {

namespace {

tl::unexpected<error> invalid(const char* why) { return fail(500, "invalid_proxy", why); }

/// RFC 4648 §4, with padding.
std::string base64(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0'); // OpenSSL ends it with a zero
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

std::string in_brackets_if_v6(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

} // namespace

std::string egress_proxy::text() const { return in_brackets_if_v6(host) + ":" + std::to_string(port); }

result<egress_proxy> read_egress_proxy(std::string_view text) {
  const auto parsed = security::parse_url_strictly(text);
  if (!parsed)
    return invalid("must be http://[user:password@]host[:port]");
  if (parsed->scheme != "http")
    return invalid("must be an http:// URL; TLS to the proxy itself is not supported");
  if (parsed->target != "/" || text.find('#') != std::string_view::npos)
    return invalid("must end with the port: a proxy has no path");
  egress_proxy proxy{parsed->host, parsed->port, ""};
  if (!parsed->username.empty() || !parsed->password.empty()) {
    const auto user = security::percent_decoded(parsed->username);
    if (user.find(':') != std::string::npos) // RFC 7617 §2
      return invalid("the proxy's user name must not hold a colon");
    proxy.authorization = "Basic " + base64(user + ":" + security::percent_decoded(parsed->password));
  }
  return proxy;
}

bool goes_through_proxy(const boost::asio::ip::address& target) {
  const auto judged = target.is_v4() ? security::address::v4(target.to_v4().to_bytes())
                                     : security::address::v6(target.to_v6().to_bytes());
  return !security::is_loopback(judged);
}

std::string connect_request(const egress_proxy& proxy, const boost::asio::ip::tcp::endpoint& target) {
  std::ostringstream authority;
  authority << target; // address:port, IPv6 in brackets
  std::string head = "CONNECT " + authority.str() + " HTTP/1.1\r\nHost: " + authority.str() + "\r\n";
  if (!proxy.authorization.empty())
    head += "Proxy-Authorization: " + proxy.authorization + "\r\n";
  return head + "\r\n";
}

void egress_proxy_log::works(const egress_proxy& proxy) {
  if (in_trouble_.exchange(false))
    spdlog::info("the egress proxy {} works again", proxy.text());
}

void egress_proxy_log::fails(std::string_view why) {
  if (!in_trouble_.exchange(true))
    spdlog::error("webhooks cannot leave: {}", why);
}

} // namespace cued::http::client
