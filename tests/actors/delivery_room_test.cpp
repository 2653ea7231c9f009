#include "actors/deliver/delivery_room.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace cued::actors {
namespace {

std::shared_ptr<delivery_room> room_of(std::size_t seats, std::size_t per_tenant) {
  return std::make_shared<delivery_room>(deliver_limits{seats, per_tenant});
}

TEST(delivery_room, has_so_many_seats_and_so_many_for_each_tenant) {
  const auto room = room_of(3, 2);
  std::vector<delivery_room::seat> taken;
  taken.push_back(room->enter("ann").value());
  taken.push_back(room->enter("ann").value());
  EXPECT_FALSE(room->enter("ann"));
  taken.push_back(room->enter("bob").value());
  EXPECT_FALSE(room->enter("cid"));
  EXPECT_EQ(room->taken(), 3u);
  EXPECT_EQ(room->free(), 0u);
  taken.clear();
  EXPECT_EQ(room->taken(), 0u);
  EXPECT_TRUE(room->enter("ann"));
}

TEST(delivery_room, a_seat_is_given_back_once) {
  const auto room = room_of(2, 2);
  const auto kept = room->enter("ann");
  {
    auto seat = room->enter("ann").value();
    const auto moved = std::move(seat);
    EXPECT_EQ(room->taken(), 2u);
  }
  EXPECT_EQ(room->taken(), 1u);
  auto early = room->enter("ann").value();
  early.give_back();
  early.give_back();
  EXPECT_EQ(room->taken(), 1u);
}

TEST(delivery_room, who_comes_by_himself_leaves_half_of_it_and_those_who_wait_go_first) {
  const auto room = room_of(4, 4);
  room->let_wait(true);
  EXPECT_FALSE(room->enter_if_nobody_waits("ann"));
  EXPECT_TRUE(room->enter("ann"));
  room->let_wait(false);
  const auto first = room->enter_if_nobody_waits("ann"), second = room->enter_if_nobody_waits("ann");
  EXPECT_TRUE(first && second);
  EXPECT_FALSE(room->enter_if_nobody_waits("ann"));
  EXPECT_TRUE(room->enter("ann"));
}

TEST(delivery_room, what_was_taken_already_gets_a_seat_though_it_is_full) {
  const auto room = room_of(1, 1);
  const auto first = room->enter("ann");
  const auto second = room->enter_anyway("ann");
  EXPECT_EQ(room->taken(), 2u);
  EXPECT_EQ(room->free(), 0u);
}

TEST(delivery_room, seats_outlive_whoever_owned_the_room) {
  auto room = room_of(1, 1);
  const auto seat = room->enter("ann");
  room.reset();
  EXPECT_TRUE(seat);
}

} // namespace
} // namespace cued::actors
