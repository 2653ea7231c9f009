#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/server/route.hpp"
#include "security/address.hpp"

namespace cued::http {

/// Whom a request really comes from. `X-Forwarded-For` is believed only from peers in FORWARDED_ALLOW_IPS; `X-Real-IP`
/// and `Forwarded` never. Source: spec/http.md §6.1. Immutable; any thread.
class trusted_proxies {
public:
  /// Addresses, networks (CIDR), or `*` for anybody.
  explicit trusted_proxies(const std::vector<std::string>& allowed);

  /// The right-most entry that is no trusted proxy itself; any text counts as an address.
  [[nodiscard]] std::string client_of(const request& in, const std::string& peer) const;

  [[nodiscard]] bool trusts(std::string_view address) const;

private:
  std::vector<security::network> networks_;
  bool anybody_ = false;
};

/// What a limit by address counts as one: an IPv6 client owns a whole network, so its /64, and an IPv4 address that is
/// written as IPv6 as what it is. Any other text counts as it stands.
[[nodiscard]] std::string counted_address(std::string_view client);

} // namespace cued::http
