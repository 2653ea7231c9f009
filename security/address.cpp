#include "security/address.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

#include <arpa/inet.h>

namespace cued::security {
namespace {

struct zero_run {
  std::size_t first = 8, length = 0;
};

/// The longest run of zero groups, the first of equals; a single group is not worth a `::`.
zero_run longest_zero_run(const std::array<unsigned, 8>& groups) {
  zero_run longest;
  for (std::size_t i = 0; i < groups.size();) {
    auto end = i;
    while (end < groups.size() && groups[end] == 0)
      ++end;
    if (end - i > std::max<std::size_t>(longest.length, 1))
      longest = {i, end - i};
    i = std::max(end, i + 1);
  }
  return longest;
}

std::string v6_text(std::span<const unsigned char> bytes) {
  std::array<unsigned, 8> groups;
  for (std::size_t i = 0; i < groups.size(); ++i)
    groups[i] = static_cast<unsigned>(bytes[2 * i] << 8 | bytes[2 * i + 1]);
  const auto hidden = longest_zero_run(groups);
  std::string text;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (i == hidden.first) {
      text += "::";
      i += hidden.length - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':')
      text += ':';
    std::array<char, 4> digits;
    text.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), groups[i], 16).ptr);
  }
  return text;
}

std::vector<network> networks(std::initializer_list<std::string_view> texts) {
  std::vector<network> list;
  for (const auto text : texts)
    list.push_back(*network::parse(text));
  return list;
}

bool in_any(const std::vector<network>& list, const address& a) {
  return std::any_of(list.begin(), list.end(), [&](const network& n) { return n.contains(a); });
}

} // namespace

std::optional<address> address::parse(std::string_view text) {
  const std::string terminated(text);
  if (terminated.find('\0') != std::string::npos)
    return std::nullopt;
  std::array<unsigned char, 4> four;
  if (inet_pton(AF_INET, terminated.c_str(), four.data()) == 1)
    return v4(four);
  std::array<unsigned char, 16> sixteen;
  if (inet_pton(AF_INET6, terminated.c_str(), sixteen.data()) == 1)
    return v6(sixteen);
  return std::nullopt;
}

address address::v4(std::array<unsigned char, 4> bytes) {
  address a;
  std::copy(bytes.begin(), bytes.end(), a.bytes_.begin());
  return a;
}

address address::v6(std::array<unsigned char, 16> bytes) {
  address a;
  a.bytes_ = bytes;
  a.size_ = 16;
  return a;
}

std::string address::text() const {
  if (!is_v4())
    return v6_text(bytes());
  std::string text;
  for (const unsigned byte : bytes())
    text.append(text.empty() ? "" : ".").append(std::to_string(byte));
  return text;
}

address address::effective() const {
  static const auto carriers = networks({"::ffff:0:0/96", "64:ff9b::/96"});
  return in_any(carriers, *this) ? v4({bytes_[12], bytes_[13], bytes_[14], bytes_[15]}) : *this;
}

std::optional<network> network::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto base = address::parse(text.substr(0, slash));
  if (!base)
    return std::nullopt;
  const std::size_t bits = base->bytes().size() * 8;
  std::size_t prefix_bits = bits;
  if (slash != std::string_view::npos) {
    const auto digits = text.substr(slash + 1);
    const auto* end = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), end, prefix_bits);
    if (read.ec != std::errc() || read.ptr != end || prefix_bits > bits)
      return std::nullopt;
  }
  for (std::size_t bit = prefix_bits; bit < bits; ++bit)
    if (base->bytes()[bit / 8] >> (7 - bit % 8) & 1)
      return std::nullopt;
  return network(*base, prefix_bits);
}

bool network::contains(const address& a) const {
  if (a.is_v4() != base_.is_v4())
    return false;
  const std::size_t whole = prefix_bits_ / 8, rest = prefix_bits_ % 8;
  const auto mine = base_.bytes(), theirs = a.bytes();
  if (!std::equal(mine.begin(), mine.begin() + static_cast<std::ptrdiff_t>(whole), theirs.begin()))
    return false;
  return rest == 0 || (mine[whole] ^ theirs[whole]) >> (8 - rest) == 0;
}

bool is_loopback(const address& a) {
  static const auto ranges = networks({"127.0.0.0/8", "::1"});
  return in_any(ranges, a.effective());
}

bool is_blocked(const address& a) {
  static const auto blocked_v4 =
      networks({"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
                "192.0.0.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4"});
  static const auto global_unicast = networks({"2000::/3"});
  static const auto tunnels = networks({"2001::/32", "2002::/16"});
  const auto target = a.effective();
  if (target.is_v4())
    return in_any(blocked_v4, target);
  return !in_any(global_unicast, target) || in_any(tunnels, target);
}

} // namespace cued::security
