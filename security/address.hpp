#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// IP addresses and networks as values, and the question whether an address belongs to the public internet.
/// Pure; no look-ups; any thread.
namespace cued::security {

/// An IPv4 or IPv6 address, without zone or port.
class address {
public:
  /// Dotted decimal (no leading zeros, four parts) or IPv6 text without brackets. No other notation.
  [[nodiscard]] static std::optional<address> parse(std::string_view text);

  [[nodiscard]] static address v4(std::array<unsigned char, 4> bytes);
  [[nodiscard]] static address v6(std::array<unsigned char, 16> bytes);

  [[nodiscard]] bool is_v4() const { return size_ == 4; }

  /// 4 or 16 bytes in network order.
  [[nodiscard]] std::span<const unsigned char> bytes() const { return {bytes_.data(), size_}; }

  /// Dotted decimal, or IPv6 in the form of URLs: lower case, longest run of zeros as `::`, no dotted tail.
  [[nodiscard]] std::string text() const;

  /// The IPv4 address that traffic to this one really goes to: of IPv4-mapped addresses (::ffff:0:0/96) and of the
  /// well-known NAT64 prefix (64:ff9b::/96). Every other address is its own.
  [[nodiscard]] address effective() const;

  bool operator==(const address&) const = default;

private:
  std::array<unsigned char, 16> bytes_{};
  std::size_t size_ = 4;
};

/// A block of addresses: `10.0.0.0/8`, `fd00::/8`, or one address.
class network {
public:
  /// Nothing if the text is no network, or if bits below the prefix are set (`10.0.0.1/8` is a slip, not a network).
  [[nodiscard]] static std::optional<network> parse(std::string_view text);

  [[nodiscard]] bool contains(const address& a) const;

  bool operator==(const network&) const = default;

private:
  network(address base, std::size_t prefix_bits) : base_(base), prefix_bits_(prefix_bits) {}
  address base_;
  std::size_t prefix_bits_ = 0;
};

/// This machine: 127.0.0.0/8 and ::1. Judges effective().
[[nodiscard]] bool is_loopback(const address& a);

/// True for what no webhook may reach unless the operator opens it: this machine, private and shared networks,
/// link-local addresses with the clouds' metadata services, multicast, reserved ranges. Of IPv6 only global unicast
/// (2000::/3) is public, less 6to4 and Teredo, whose addresses carry an IPv4 address of anybody's choice.
/// The documentation ranges stay public. Judges effective(). Source: spec/security.md §1.5.
[[nodiscard]] bool is_blocked(const address& a);

} // namespace cued::security
