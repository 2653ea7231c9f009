#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include <boost/asio/ip/tcp.hpp>

#include "domain/error.hpp"

namespace cued::http::client {

/// The operator's HTTP proxy that users' webhooks leave the house through (WEBHOOK_EGRESS_PROXY,
/// docs/webhook-targets.md). It is asked by CONNECT for everything, https and http alike, and for the ADDRESS that the
/// guard has vetted, never for the name: so the proxy looks nothing up, and what was judged is what is connected to.
/// Host, SNI and the check of the certificate still use the name. The proxy itself is the operator's and is not vetted.
/// A plain value; `authorization` is a secret that is sent to the proxy only and never written anywhere.
struct egress_proxy {
  std::string host; ///< a name, or an address without brackets
  std::uint16_t port = 0;
  std::string authorization; ///< value of `Proxy-Authorization`; empty: none

  /// Host and port, for people. No credentials.
  [[nodiscard]] std::string text() const;
};

/// Reads `http://[user:password@]host[:port]`, credentials percent-encoded.
/// 500 `invalid_proxy`; the message does not repeat the text, which may hold a password.
[[nodiscard]] result<egress_proxy> read_egress_proxy(std::string_view url);

/// Loopback addresses mean this machine, not the proxy's: they are connected to directly where the guard has let them
/// pass. Everything else goes through the proxy.
[[nodiscard]] bool goes_through_proxy(const boost::asio::ip::address& target);

/// The request for a tunnel, up to and with the empty line (RFC 9110 §9.3.6).
[[nodiscard]] std::string connect_request(const egress_proxy& proxy, const boost::asio::ip::tcp::endpoint& target);

/// Tells the operator's log when the proxy stops working and when it works again, and not each webhook in between.
/// Tenants never read which proxy there is. Any thread.
class egress_proxy_log {
public:
  void works(const egress_proxy& proxy);
  void fails(std::string_view why); ///< `why` names the proxy

private:
  std::atomic<bool> in_trouble_{false};
};

} // namespace cued::http::client
