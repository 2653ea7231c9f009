#include "security/address.hpp"

#include <gtest/gtest.h>

namespace cued::security {
namespace {

address parsed(std::string_view text) {
  const auto a = address::parse(text);
  EXPECT_TRUE(a.has_value()) << text;
  return a.value_or(address());
}

bool blocked(std::string_view text) { return is_blocked(parsed(text)); }

TEST(address, has_one_text) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"0.0.0.0", "0.0.0.0"},
      {"255.1.20.3", "255.1.20.3"},
      {"::", "::"},
      {"::1", "::1"},
      {"1::", "1::"},
      {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
      {"1:0:0:2:0:0:0:3", "1:0:0:2::3"},
      {"1:0:0:2:3:0:0:4", "1::2:3:0:0:4"},
      {"1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"},
      {"::ffff:127.0.0.1", "::ffff:7f00:1"},
      {"0:0:1::", "0:0:1::"},
  };
  for (const auto& [written, text] : cases) {
    EXPECT_EQ(parsed(written).text(), text) << written;
    EXPECT_EQ(parsed(text), parsed(written)) << written;
  }
}

TEST(address, other_notations_are_no_addresses) {
  for (const std::string_view text :
       {"", "1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.256", "1.2.3.4 ", "0x7f.0.0.1", "localhost", ":",
        ":::", "1::2::3", "[::1]", "fe80::1%eth0", "::1.2.3", "12345::", "1.2.3.4/8"})
    EXPECT_FALSE(address::parse(text)) << text;
  EXPECT_FALSE(address::parse(std::string_view("1.2.3.4\0", 8)));
}

TEST(address, bytes_and_text_agree) {
  EXPECT_EQ(address::v4({127, 0, 0, 1}), parsed("127.0.0.1"));
  EXPECT_EQ(address::v6({0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}), parsed("2001:db8::1"));
  EXPECT_NE(address::v4({0, 0, 0, 0}), parsed("::"));
}

TEST(address, an_ipv4_address_in_ipv6_clothes_is_judged_as_itself) {
  EXPECT_EQ(parsed("::ffff:10.0.0.1").effective(), parsed("10.0.0.1"));
  EXPECT_EQ(parsed("64:ff9b::93.184.216.34").effective(), parsed("93.184.216.34"));
  EXPECT_EQ(parsed("2001:db8::1").effective(), parsed("2001:db8::1"));
  EXPECT_EQ(parsed("10.0.0.1").effective(), parsed("10.0.0.1"));
}

// spec/security.md §1.5: first and last address of each range
TEST(address, ranges_that_are_not_public_are_blocked) {
  for (const std::string_view text : {"0.0.0.0",
                                      "0.255.255.255",
                                      "10.0.0.0",
                                      "10.255.255.255",
                                      "100.64.0.0",
                                      "100.127.255.255",
                                      "127.0.0.1",
                                      "127.255.255.255",
                                      "169.254.0.0",
                                      "169.254.169.254",
                                      "172.16.0.0",
                                      "172.31.255.255",
                                      "192.0.0.0",
                                      "192.0.0.255",
                                      "192.88.99.0",
                                      "192.88.99.255",
                                      "192.168.0.0",
                                      "192.168.255.255",
                                      "198.18.0.0",
                                      "198.19.255.255",
                                      "224.0.0.0",
                                      "239.255.255.255",
                                      "240.0.0.0",
                                      "255.255.255.255",
                                      "::",
                                      "::1",
                                      "::127.0.0.1",
                                      "::8.8.8.8",
                                      "fc00::",
                                      "fdff:ffff::1",
                                      "fd00:ec2::254",
                                      "fe80::1",
                                      "febf::1",
                                      "fec0::1",
                                      "ff00::",
                                      "ff02::1",
                                      "64:ff9b:1::1",
                                      "2002:7f00:1::",
                                      "2002:808:808::1",
                                      "2001::1",
                                      "2001:0:ffff::1",
                                      "100::1",
                                      "::ffff:0:10.0.0.1",
                                      "4000::1"})
    EXPECT_TRUE(blocked(text)) << text;
}

TEST(address, blocked_ipv4_addresses_are_blocked_in_ipv6_clothes) {
  for (const std::string_view text : {"127.0.0.1", "10.0.0.1", "169.254.169.254", "0.0.0.0", "255.255.255.255"}) {
    EXPECT_TRUE(blocked("::ffff:" + std::string(text))) << text;
    EXPECT_TRUE(blocked("64:ff9b::" + std::string(text))) << text;
  }
}

TEST(address, this_machine_is_known_in_every_notation) {
  for (const std::string_view text : {"127.0.0.1", "127.255.255.255", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"})
    EXPECT_TRUE(is_loopback(parsed(text))) << text;
  for (const std::string_view text : {"126.255.255.255", "128.0.0.0", "::", "::2", "10.0.0.1", "::127.0.0.1"})
    EXPECT_FALSE(is_loopback(parsed(text))) << text;
}

TEST(address, neighbours_and_public_addresses_pass) {
  for (const std::string_view text : {"1.0.0.0",
                                      "9.255.255.255",
                                      "11.0.0.0",
                                      "100.63.255.255",
                                      "100.128.0.0",
                                      "126.255.255.255",
                                      "128.0.0.0",
                                      "169.253.255.255",
                                      "169.255.0.0",
                                      "172.15.255.255",
                                      "172.32.0.0",
                                      "192.0.1.0",
                                      "192.88.98.255",
                                      "192.88.100.0",
                                      "192.167.255.255",
                                      "192.169.0.0",
                                      "198.17.255.255",
                                      "198.20.0.0",
                                      "223.255.255.255",
                                      "93.184.216.34",
                                      "2606:2800:220:1::1",
                                      "2000::",
                                      "2001:1::1",
                                      "2003::1",
                                      "3fff:ffff::1",
                                      "::ffff:93.184.216.34",
                                      "64:ff9b::93.184.216.34"})
    EXPECT_FALSE(blocked(text)) << text;
}

TEST(address, documentation_ranges_pass) {
  for (const std::string_view text : {"192.0.2.1", "198.51.100.1", "203.0.113.10", "2001:db8::1"})
    EXPECT_FALSE(blocked(text)) << text;
}

TEST(network, holds_what_shares_its_prefix) {
  const auto holds = [](std::string_view net, std::string_view a) {
    const auto n = network::parse(net);
    EXPECT_TRUE(n.has_value()) << net;
    return n && n->contains(parsed(a));
  };
  EXPECT_TRUE(holds("10.0.0.0/8", "10.255.0.1"));
  EXPECT_FALSE(holds("10.0.0.0/8", "11.0.0.0"));
  EXPECT_TRUE(holds("10.128.0.0/9", "10.200.0.1"));
  EXPECT_FALSE(holds("10.128.0.0/9", "10.127.255.255"));
  EXPECT_TRUE(holds("192.168.1.7", "192.168.1.7"));
  EXPECT_FALSE(holds("192.168.1.7/32", "192.168.1.6"));
  EXPECT_TRUE(holds("0.0.0.0/0", "8.8.8.8"));
  EXPECT_FALSE(holds("0.0.0.0/0", "::1"));
  EXPECT_TRUE(holds("::/0", "fe80::1"));
  EXPECT_FALSE(holds("::/0", "8.8.8.8"));
  EXPECT_TRUE(holds("fd00::/8", "fdff::1"));
  EXPECT_TRUE(holds("2001:db8::8000:0/97", "2001:db8::8000:1"));
  EXPECT_FALSE(holds("2001:db8::8000:0/97", "2001:db8::7fff:ffff"));
}

TEST(network, slips_are_refused) {
  for (const std::string_view text : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.1/8",
                                      "10.0.0.0/8/8", "10/8", "::/129", "fe80::1/10", "localhost", "10.0.0.0/8 "})
    EXPECT_FALSE(network::parse(text)) << text;
}

} // namespace
} // namespace cued::security
