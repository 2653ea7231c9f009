#include <algorithm>

#include "http/middleware/client_address.hpp"
#include "tests/fuzz/fuzz.hpp"

// Input: the peer's address, then one X-Forwarded-For header a line.
namespace {

using cued::fuzz::require;
using cued::fuzz::require_equal;
using cued::http::request;
using cued::http::trusted_proxies;

constexpr std::size_t address_length_max = 64;

request request_with(const std::vector<std::string>& chain) {
  request in;
  for (const auto& value : chain)
    in.headers.emplace_back("x-forwarded-for", value);
  return in;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const trusted_proxies some{{"10.0.0.0/8", "2001:db8::/32"}}, nobody{{}}, everybody{{"*"}};
  cued::fuzz::input in{data, size};
  const std::string peer{in.line()};
  std::vector<std::string> chain;
  while (!in.empty())
    chain.emplace_back(in.line());

  const auto sent = request_with(chain);
  require_equal(nobody.client_of(sent, peer), peer, "without trusted proxies it is the peer");
  const auto client = some.client_of(sent, peer);
  if (!some.trusts(peer)) {
    require_equal(client, peer, "a peer that is not trusted is the client");
    return 0;
  }
  require(client == peer || client.size() <= address_length_max, "a claimed address has a limit");
  require(client.find_first_of(",\n") == std::string::npos || client == peer, "an address is one entry");

  // What a client writes into the header itself stands left of what the proxies append.
  auto forged = chain;
  forged.insert(forged.begin(), "192.0.2.66, 10.1.1.1");
  if (!some.trusts(client))
    require_equal(some.client_of(request_with(forged), peer), client, "a client cannot hide behind entries of its own");

  // Several headers are one list.
  std::string joined;
  for (const auto& value : chain)
    joined += (joined.empty() ? "" : ",") + value;
  require_equal(some.client_of(request_with({joined}), peer), client, "several headers are one list");
  (void)everybody.client_of(sent, peer);
  return 0;
}
