#include "http/middleware/client_address.hpp"

#include <algorithm>
#include <array>

#include <boost/beast/core/string.hpp>
#include <spdlog/spdlog.h>

#include "http/server/target.hpp"

namespace cued::http {

namespace {

constexpr std::size_t address_length_max = 64; // longer texts are no addresses, and they become names of counters
constexpr std::size_t network_bytes = 8;       // of an IPv6 /64

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// As it may be stored, and no longer than an address can be: in the log of an account it is text.
std::string storable(std::string_view entry) {
  auto text = valid_utf8(entry);
  if (text.size() <= address_length_max)
    return text;
  auto end = address_length_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) // not in the middle of a character
    --end;
  text.resize(end);
  return text;
}

/// Several header fields of that name are one list (RFC 9110 §5.3).
std::vector<std::string_view> forwarded_for(const request& in) {
  std::vector<std::string_view> out;
  for (const auto& [name, value] : in.headers) {
    if (!boost::beast::iequals(name, "x-forwarded-for"))
      continue;
    for (std::string_view rest = value;;) {
      const auto comma = rest.find(',');
      if (const auto entry = trimmed(rest.substr(0, comma)); !entry.empty())
        out.push_back(entry.substr(0, address_length_max));
      if (comma == std::string_view::npos)
        break;
      rest.remove_prefix(comma + 1);
    }
  }
  return out;
}

} // namespace

trusted_proxies::trusted_proxies(const std::vector<std::string>& allowed) {
  for (const auto& entry : allowed) {
    if (entry == "*")
      anybody_ = true;
    else if (const auto network = security::network::parse(entry))
      networks_.push_back(*network);
    else
      spdlog::warn("FORWARDED_ALLOW_IPS: {} is neither an address nor a network, ignored", entry);
  }
}

bool trusted_proxies::trusts(std::string_view text) const {
  if (anybody_)
    return true;
  const auto address = security::address::parse(text);
  return address && std::any_of(networks_.begin(), networks_.end(),
                                [&](const security::network& n) { return n.contains(*address); });
}

std::string trusted_proxies::client_of(const request& in, const std::string& peer) const {
  if (!trusts(peer))
    return peer;
  const auto chain = forwarded_for(in);
  const auto client = std::find_if(chain.rbegin(), chain.rend(), [this](auto entry) { return !trusts(entry); });
  if (client != chain.rend())
    return storable(*client);
  return chain.empty() ? peer : storable(chain.front());
}

std::string counted_address(std::string_view client) {
  const auto parsed = security::address::parse(client.substr(0, client.find('%'))); // fe80::1%eth0: without the zone
  if (!parsed)
    return std::string{client};
  const auto whole = parsed->effective();
  if (whole.is_v4())
    return whole.text();
  std::array<unsigned char, 16> network{};
  std::copy_n(whole.bytes().begin(), network_bytes, network.begin());
  return security::address::v6(network).text() + "/64";
}

} // namespace cued::http
