#include "http/server/connection_seats.hpp"

#include <gtest/gtest.h>

namespace cued::http {
namespace {

using refusal = connection_seats::refusal;
using namespace std::chrono_literals;

boost::asio::ip::address ip(const char* text) { return boost::asio::ip::make_address(text); }

TEST(connection_seats, are_given_back_when_a_connection_ends) {
  connection_seats seats{{2, 1, {}}};
  refusal why{};
  {
    const auto held = seats.take(ip("192.0.2.1"), why);
    ASSERT_TRUE(held);
    EXPECT_FALSE(seats.take(ip("192.0.2.1"), why));
    EXPECT_EQ(why, refusal::address_has_enough);
    EXPECT_FALSE(seats.wait_until_empty(0ms));
  }
  EXPECT_EQ(seats.taken(), 0u);
  EXPECT_TRUE(seats.wait_until_empty(0ms));
  EXPECT_TRUE(seats.take(ip("192.0.2.1"), why));
}

TEST(connection_seats, a_full_house_comes_before_the_single_address) {
  connection_seats seats{{1, 1, {}}};
  refusal why{};
  const auto held = seats.take(ip("192.0.2.1"), why);
  EXPECT_FALSE(seats.take(ip("192.0.2.1"), why));
  EXPECT_EQ(why, refusal::full);
}

TEST(connection_seats, a_moved_seat_is_given_back_once) {
  connection_seats seats{{2, 2, {}}};
  refusal why{};
  auto held = seats.take(ip("192.0.2.1"), why);
  {
    const auto moved = std::move(*held);
    EXPECT_EQ(seats.taken(), 1u);
  }
  held.reset();
  EXPECT_EQ(seats.taken(), 0u);
}

TEST(connection_seats, an_ipv6_network_of_64_bits_is_one_address_and_a_mapped_one_is_the_ipv4_it_maps) {
  connection_seats seats{{10, 1, {}}};
  refusal why{};
  const auto first = seats.take(ip("2001:db8:0:1::1"), why);
  EXPECT_FALSE(seats.take(ip("2001:db8:0:1:ffff::2"), why));
  const auto neighbour = seats.take(ip("2001:db8:0:2::1"), why);
  EXPECT_TRUE(neighbour);
  const auto mapped = seats.take(ip("::ffff:192.0.2.1"), why);
  EXPECT_FALSE(seats.take(ip("192.0.2.1"), why));
}

TEST(connection_seats, exempt_addresses_count_only_in_all) {
  connection_seats seats{{3, 1, [](const auto& peer) { return peer == ip("2001:db8::7"); }}};
  refusal why{};
  const auto first = seats.take(ip("2001:db8::7"), why);
  const auto second = seats.take(ip("2001:db8::7"), why);
  const auto third = seats.take(ip("2001:db8::7"), why);
  EXPECT_TRUE(third);
  EXPECT_FALSE(seats.take(ip("2001:db8::7"), why));
  EXPECT_EQ(why, refusal::full);
}

TEST(connection_seats, an_exempt_address_that_leaves_gives_back_nothing_of_its_network) {
  connection_seats seats{{10, 1, [](const auto& peer) { return peer == ip("2001:db8::7"); }}};
  refusal why{};
  const auto client = seats.take(ip("2001:db8::8"), why);
  { const auto proxy = seats.take(ip("2001:db8::7"), why); }
  EXPECT_FALSE(seats.take(ip("2001:db8::9"), why));
  EXPECT_EQ(why, refusal::address_has_enough);
}

} // namespace
} // namespace cued::http
