#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <optional>

#include "config/value_reader.hpp"
#include "security/address.hpp"
#include "tests/fuzz/fuzz.hpp"

// Input: an address or a network, then an address that may lie in it.
namespace {

using cued::fuzz::require;
using cued::fuzz::require_equal;
using cued::security::address;
using cued::security::network;

/// Four decimal numbers up to 255 without leading zeros, read the plain way.
std::optional<std::array<unsigned char, 4>> dotted_decimal(std::string_view text) {
  std::array<unsigned char, 4> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto dot = text.find('.');
    const auto digits = text.substr(0, dot);
    if ((dot == std::string_view::npos) != (i == 3) || digits.empty() || digits.size() > 3 ||
        (digits.size() > 1 && digits[0] == '0') ||
        !std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; }))
      return std::nullopt;
    int number = 0;
    for (const char c : digits)
      number = number * 10 + (c - '0');
    if (number > 255)
      return std::nullopt;
    bytes[i] = static_cast<unsigned char>(number);
    text.remove_prefix(i == 3 ? text.size() : dot + 1);
  }
  return bytes;
}

void check_text(const address& a) {
  const auto text = a.text();
  require(address::parse(text) == a, "an address reads its own text");
  std::array<char, INET6_ADDRSTRLEN> printed{};
  require(inet_ntop(a.is_v4() ? AF_INET : AF_INET6, a.bytes().data(), printed.data(), printed.size()) != nullptr,
          "the C library can print every address");
  require(address::parse(printed.data()) == a, "the C library's text is the same address");
  require(text.find_first_not_of("0123456789abcdef.:") == std::string::npos, "the text holds nothing else");
}

void check_judgement(const address& a) {
  const auto target = a.effective();
  require(target.effective() == target, "effective() is where it ends");
  require(is_blocked(a) == is_blocked(target) && is_loopback(a) == is_loopback(target),
          "an address is judged as where its traffic goes");
  require(!is_loopback(a) || is_blocked(a), "loopback is blocked");
  if (!a.is_v4())
    return;
  std::array<unsigned char, 16> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  std::array<unsigned char, 16> translated{0, 0x64, 0xFF, 0x9B};
  std::copy(a.bytes().begin(), a.bytes().end(), mapped.begin() + 12);
  std::copy(a.bytes().begin(), a.bytes().end(), translated.begin() + 12);
  require(is_blocked(address::v6(mapped)) == is_blocked(a), "an IPv4-mapped address is judged as the IPv4 address");
  require(is_blocked(address::v6(translated)) == is_blocked(a), "a NAT64 address is judged as the IPv4 address");
}

bool bit_of(const address& a, std::size_t bit) { return a.bytes()[bit / 8] >> (7 - bit % 8) & 1; }

void check_network(std::string_view text, const address& other) {
  const auto found = network::parse(text);
  require(cued::config::is_network(text) == found.has_value(), "the check of settings takes networks and nothing else");
  if (!found)
    return;
  const auto slash = text.find('/');
  const auto base = *address::parse(text.substr(0, slash));
  const std::size_t all_bits = base.bytes().size() * 8;
  const std::size_t bits = slash == std::string_view::npos ? all_bits : std::stoul(std::string{text.substr(slash + 1)});
  require(bits <= all_bits, "the prefix fits into the address");
  bool inside = base.is_v4() == other.is_v4();
  for (std::size_t bit = 0; inside && bit < bits; ++bit)
    inside = bit_of(base, bit) == bit_of(other, bit);
  require(found->contains(base), "a network contains its first address");
  require(found->contains(other) == inside, "contains() compares exactly the bits of the prefix");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  cued::fuzz::input in{data, size};
  const auto text = in.line();
  const auto found = address::parse(text);

  std::array<unsigned char, 16> bytes{};
  const bool c_string = text.find('\0') == std::string_view::npos;
  const bool v6 = c_string && inet_pton(AF_INET6, std::string{text}.c_str(), bytes.data()) == 1;
  const auto v4 = dotted_decimal(text);
  require(found.has_value() == (v6 || v4), "exactly dotted decimal and what inet_pton takes for IPv6 are addresses");
  if (v4)
    require(*found == address::v4(*v4), "dotted decimal has its own value");
  if (v6)
    require(*found == address::v6(bytes), "IPv6 has the value of inet_pton");
  if (found) {
    check_text(*found);
    check_judgement(*found);
  }
  const auto other = address::parse(in.line());
  check_network(text, other.value_or(found.value_or(address::v4({192, 0, 2, 1}))));
  return 0;
}
