#include <algorithm>
#include <cstdlib>
#include <memory>

#include <netdb.h>
#include <netinet/in.h>

#include "http/client/name_resolver.hpp"

namespace cued::http::client {

namespace {

boost::asio::ip::address address_in(const sockaddr& socket_address) {
  namespace ip = boost::asio::ip;
  if (socket_address.sa_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(socket_address);
    return ip::address_v4{ntohl(v4.sin_addr.s_addr)};
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(socket_address);
  ip::address_v6::bytes_type bytes;
  std::copy_n(v6.sin6_addr.s6_addr, bytes.size(), bytes.begin());
  return ip::address_v6{bytes, v6.sin6_scope_id};
}

} // namespace

result<addresses> system_lookup(const std::string& host) {
  addrinfo wanted{};
  wanted.ai_family = AF_UNSPEC; // both kinds, also where this machine can use only one: all are judged
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* first = nullptr;
  addresses found;
  if (getaddrinfo(host.c_str(), nullptr, &wanted, &first) == 0) {
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> list{first, freeaddrinfo};
    for (const auto* entry = list.get(); entry; entry = entry->ai_next)
      if (entry->ai_family == AF_INET || entry->ai_family == AF_INET6)
        found.push_back(address_in(*entry->ai_addr));
  }
  if (found.empty())
    return fail(400, "unresolvable_host", "Cannot resolve hostname: " + host);
  return found;
}

void hurry_system_lookups() {
  constexpr int obey_what_is_set = 0;
  ::setenv("RES_OPTIONS", "timeout:1 attempts:2", obey_what_is_set); // resolv.conf(5)
}

} // namespace cued::http::client
