#include <gtest/gtest.h>

#include "http/routes/echo_board.hpp"
#include "tests/http/manual_clock.hpp"

namespace cued::http {
namespace {

using namespace std::chrono_literals;

struct echo_board_test : ::testing::Test {
  test::manual_clock clock;
  echo_board board{{.keep = 300s, .notes = 2, .bytes = 100}};

  void put(const std::string& token, std::string payload) { board.put(token, {std::move(payload), "{}", clock.now()}); }
  std::string payload(const std::string& token) {
    const auto found = board.find(token, clock.now());
    return found ? found->payload_json : "-";
  }
};

TEST_F(echo_board_test, a_later_note_takes_the_place_of_an_earlier_one) {
  put("t", "1");
  put("t", "2");
  EXPECT_EQ(payload("t"), "2");
}

TEST_F(echo_board_test, notes_go_after_their_time) {
  put("t", "1");
  clock.advance(300s - 1us);
  EXPECT_EQ(payload("t"), "1");
  clock.advance(1us);
  EXPECT_EQ(payload("t"), "-");
}

TEST_F(echo_board_test, of_too_many_the_oldest_goes) {
  put("a", "1");
  put("b", "2");
  put("c", "3");
  EXPECT_EQ(payload("a"), "-");
  EXPECT_EQ(payload("b"), "2");
  EXPECT_EQ(payload("c"), "3");
}

TEST_F(echo_board_test, of_too_many_bytes_the_oldest_go) {
  put("a", std::string(60, 'x'));
  put("b", std::string(60, 'y'));
  EXPECT_EQ(payload("a"), "-");
  EXPECT_NE(payload("b"), "-");
  put("c", std::string(200, 'z'));
  EXPECT_EQ(payload("c"), "-") << "one that is too large by itself is not kept";
}

} // namespace
} // namespace cued::http
