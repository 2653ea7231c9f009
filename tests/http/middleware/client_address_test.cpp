#include <gtest/gtest.h>

#include "http/middleware/client_address.hpp"

namespace cued::http {
namespace {

std::string client_of(const std::vector<std::string>& trusted, const std::string& peer,
                      const std::vector<std::string>& forwarded_for) {
  request in;
  for (const auto& value : forwarded_for)
    in.headers.emplace_back("X-Forwarded-For", value);
  return trusted_proxies{trusted}.client_of(in, peer);
}

TEST(client_address, of_an_untrusted_peer_is_the_peer_whatever_it_says) {
  EXPECT_EQ(client_of({"127.0.0.1"}, "203.0.113.9", {"1.2.3.4"}), "203.0.113.9");
  EXPECT_EQ(client_of({}, "127.0.0.1", {"1.2.3.4"}), "127.0.0.1");
}

TEST(client_address, behind_a_trusted_proxy_is_the_right_most_that_is_no_proxy_itself) {
  EXPECT_EQ(client_of({"127.0.0.1", "10.0.0.0/8"}, "127.0.0.1", {"6.6.6.6, 1.2.3.4, 10.1.2.3"}), "1.2.3.4");
}

TEST(client_address, several_headers_are_one_list) {
  EXPECT_EQ(client_of({"127.0.0.1"}, "127.0.0.1", {"6.6.6.6", "1.2.3.4 , 127.0.0.1"}), "1.2.3.4");
}

TEST(client_address, of_a_chain_of_proxies_only_is_its_beginning) {
  EXPECT_EQ(client_of({"127.0.0.1"}, "127.0.0.1", {"127.0.0.1, 127.0.0.1"}), "127.0.0.1");
  EXPECT_EQ(client_of({"*"}, "203.0.113.9", {"1.2.3.4, 5.6.7.8"}), "1.2.3.4");
}

TEST(client_address, without_the_header_is_the_peer) {
  EXPECT_EQ(client_of({"*"}, "203.0.113.9", {}), "203.0.113.9");
  EXPECT_EQ(client_of({"*"}, "203.0.113.9", {" , "}), "203.0.113.9");
}

TEST(client_address, may_be_any_text_but_not_of_any_length) {
  EXPECT_EQ(client_of({"*"}, "203.0.113.9", {"unknown"}), "unknown");
  EXPECT_EQ(client_of({"*"}, "203.0.113.9", {std::string(5000, 'a')}).size(), 64u);
}

TEST(client_address, is_text_that_can_be_stored_whatever_bytes_were_sent) {
  EXPECT_EQ(client_of({"*"}, "203.0.113.9", {"\xFF"}), "\xEF\xBF\xBD");
  std::string split_by_the_limit(63, 'a');
  split_by_the_limit += "\xC3\xA9";
  EXPECT_EQ(client_of({"127.0.0.1"}, "127.0.0.1", {split_by_the_limit}), std::string(63, 'a'));
  EXPECT_EQ(client_of({"127.0.0.1"}, "127.0.0.1", {std::string(64, '\xFF')}).size(), 63u) << "21 replacements";
}

TEST(counted_address, of_an_ipv6_client_is_its_network_for_it_owns_all_of_that) {
  EXPECT_EQ(counted_address("2001:db8:1:2::7"), "2001:db8:1:2::/64");
  EXPECT_EQ(counted_address("2001:DB8:1:2:ffff:ffff:ffff:ffff"), counted_address("2001:db8:1:2::7"));
  EXPECT_NE(counted_address("2001:db8:1:3::7"), counted_address("2001:db8:1:2::7"));
  EXPECT_EQ(counted_address("fe80::1%eth0"), counted_address("fe80::2%eth1"));
}

TEST(counted_address, of_an_ipv4_client_is_his_own_however_it_is_written) {
  EXPECT_EQ(counted_address("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(counted_address("::ffff:192.0.2.1"), "192.0.2.1");
}

TEST(counted_address, of_what_is_no_address_is_the_text) {
  EXPECT_EQ(counted_address("unknown"), "unknown");
  EXPECT_EQ(counted_address(""), "");
}

} // namespace
} // namespace cued::http
