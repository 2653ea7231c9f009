#include <optional>
#include <thread>

#include <gtest/gtest.h>

#include "tests/http/raw_client.hpp"
#include "tests/http/server/scripted_application.hpp"

namespace cued::http::test {
namespace {

using namespace std::chrono_literals;

TEST(http_stop, a_request_in_flight_is_answered_and_told_that_it_was_the_last) {
  running_server server;
  auto client = std::make_optional<raw_client>(server.port());
  client->send("GET /wait HTTP/1.1\r\n\r\n");
  server.app.wait_for_arrival();
  raw_client idle{server.port()};
  EXPECT_EQ(idle.ask("GET /x HTTP/1.1\r\n\r\n").status, 200);
  std::thread stopping{[&] { server.listening.stop(); }};
  EXPECT_EQ(idle.receive_until_closed(), "") << "only a server that has begun to stop closes an idle connection";
  server.app.release();
  const auto answer = client->receive();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("connection"), "close");
  client.reset();
  stopping.join();
  EXPECT_EQ(server.listening.connections(), 0u);
}

TEST(http_hang_up, a_handler_that_takes_long_can_see_that_its_client_is_gone) {
  running_server server{{.sweep = 1ms, .long_handling = 1ms}};
  auto client = std::make_optional<raw_client>(server.port());
  client->send("GET /patience HTTP/1.1\r\n\r\n");
  server.app.wait_for_arrival();
  client.reset();
  server.app.wait_for_hang_up();
}

TEST(http_stop, nothing_is_accepted_any_more) {
  running_server server;
  const auto port = server.port();
  server.listening.stop();
  EXPECT_THROW(raw_client{port}, std::runtime_error);
}

TEST(http_stop, a_client_that_takes_forever_is_cut_off_after_the_grace) {
  running_server server{{.stop_grace = 50ms}};
  raw_client client{server.port()};
  client.send("POST /echo HTTP/1.1\r\nContent-Length: 5\r\n\r\nhe");
  while (server.listening.connections() == 0)
    std::this_thread::yield();
  server.listening.stop();
  EXPECT_EQ(server.listening.connections(), 0u);
}

TEST(http_stop, stopping_twice_is_stopping_once) {
  running_server server;
  server.listening.stop();
  server.listening.stop();
  EXPECT_EQ(server.listening.connections(), 0u);
}

TEST(http_start, an_address_in_use_is_an_error_that_names_it) {
  running_server server;
  scripted_application app;
  cued::http::server second{{.host = "127.0.0.1", .port = server.port(), .io_threads = 1}, app};
  const auto started = second.start();
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().message.find(std::to_string(server.port())), std::string::npos);
}

TEST(http_start, what_is_no_address_is_an_error) {
  scripted_application app;
  cued::http::server nowhere{{.host = "not an address", .port = 0, .io_threads = 1}, app};
  EXPECT_FALSE(nowhere.start());
}

} // namespace
} // namespace cued::http::test
