#include "http/client/vetting.hpp"

#include <algorithm>

namespace cued::http::client {

namespace {

namespace ip = boost::asio::ip;

security::address for_guard(const ip::address& a) {
  return a.is_v4() ? security::address::v4(a.to_v4().to_bytes()) : security::address::v6(a.to_v6().to_bytes());
}

ip::address for_socket(const security::address& a) {
  if (a.is_v4()) {
    ip::address_v4::bytes_type bytes;
    std::ranges::copy(a.bytes(), bytes.begin());
    return ip::address_v4{bytes};
  }
  ip::address_v6::bytes_type bytes;
  std::ranges::copy(a.bytes(), bytes.begin());
  return ip::address_v6{bytes};
}

} // namespace

boost::asio::awaitable<result<addresses>> vetted_addresses(name_resolver& names, const security::url_policy& policy,
                                                           const security::url_candidate& candidate, std::string tenant,
                                                           std::chrono::milliseconds limit) {
  addresses found;
  if (const auto literal = security::literal_address(candidate.parsed)) {
    found.push_back(for_socket(*literal));
  } else {
    auto looked_up = co_await names.addresses_of(candidate.parsed.host, std::move(tenant), limit);
    if (!looked_up && looked_up.error().status == 503)
      co_return fail(std::move(looked_up.error()));
    if (looked_up)
      found = std::move(*looked_up);
  }
  std::vector<security::address> judged;
  std::ranges::transform(found, std::back_inserter(judged), for_guard);
  if (const auto allowed = security::check_addresses(candidate, judged, policy); !allowed)
    co_return fail(allowed.error());
  co_return found;
}

} // namespace cued::http::client
