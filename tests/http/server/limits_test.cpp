#include <thread>

#include <gtest/gtest.h>

#include "tests/http/raw_client.hpp"
#include "tests/http/server/scripted_application.hpp"

namespace cued::http::test {
namespace {

using namespace std::chrono_literals;

TEST(http_limits, a_body_of_exactly_the_limit_passes) {
  running_server server;
  const std::string body(1024 * 1024, 'a');
  raw_client client{server.port()};
  const auto answer = client.ask("POST /echo HTTP/1.1\r\nContent-Length: 1048576\r\n\r\n" + body);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body.size(), body.size());
}

TEST(http_limits, a_body_declared_too_large_is_refused_without_waiting_for_it) {
  running_server server;
  raw_client client{server.port()};
  const auto answer = client.ask("POST /echo HTTP/1.1\r\nContent-Length: 1048577\r\n\r\nshort");
  EXPECT_EQ(answer.status, 413);
  EXPECT_NE(answer.body.find("Request body exceeds 1048576 bytes"), std::string::npos);
  EXPECT_EQ(answer.header("connection"), "close");
}

TEST(http_limits, the_refusal_reaches_a_client_that_goes_on_sending) {
  running_server server;
  raw_client client{server.port()};
  client.send("POST /echo HTTP/1.1\r\nContent-Length: 3000000\r\n\r\n");
  client.send(std::string(3'000'000, 'a'));
  EXPECT_EQ(client.receive().status, 413);
}

TEST(http_limits, chunks_over_the_limit_are_refused) {
  running_server server;
  raw_client client{server.port()};
  client.send("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "80000\r\n" + std::string(0x80000, 'a') + "\r\n";
  client.send(chunk + chunk + "1\r\na\r\n0\r\n\r\n");
  const auto answer = client.receive();
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.header("connection"), "close");
}

TEST(http_limits, chunk_extensions_do_not_grow_without_end) {
  running_server server;
  raw_client client{server.port()};
  client.send("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;a=");
  client.send(std::string(100'000, 'b'));
  EXPECT_EQ(client.receive().status, 400);
}

TEST(http_limits, a_header_block_over_the_limit_is_431) {
  running_server server;
  raw_client client{server.port()};
  client.send("GET /x HTTP/1.1\r\nX-Long: " + std::string(66'000, 'a') + "\r\n\r\n");
  const auto answer = client.receive();
  EXPECT_EQ(answer.status, 431);
  EXPECT_EQ(answer.header("connection"), "close");
}

TEST(http_limits, a_header_block_below_the_limit_passes) {
  running_server server;
  EXPECT_EQ(ask_once(server.port(), "GET /x HTTP/1.1\r\nX-Long: " + std::string(60'000, 'a') + "\r\n\r\n").status, 200);
}

TEST(http_limits, more_header_fields_than_the_limit_are_431) {
  running_server server{{.header_fields = 10}};
  const auto with_fields = [](int count) {
    std::string out = "GET /x HTTP/1.1\r\n";
    for (int i = 0; i < count; ++i)
      out += "X-" + std::to_string(i) + ": a\r\n";
    return out + "\r\n";
  };
  EXPECT_EQ(ask_once(server.port(), with_fields(10)).status, 200);
  const auto answer = ask_once(server.port(), with_fields(11));
  EXPECT_EQ(answer.status, 431);
  EXPECT_EQ(answer.header("connection"), "close");
}

TEST(http_limits, a_trailer_does_not_grow_without_end) {
  running_server server;
  raw_client client{server.port()};
  client.send("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Trailer: ");
  client.send(std::string(100'000, 'b'));
  EXPECT_EQ(client.receive().status, 400);
}

TEST(http_limits, a_chunk_too_large_to_be_one_is_refused) {
  running_server server;
  for (const auto* size : {"fffffffffffffffff", "-1", "0x10", "", "1 0"})
    EXPECT_EQ(ask_once(server.port(), std::string{"POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"} + size +
                                          "\r\na\r\n0\r\n\r\n")
                  .status,
              400)
        << size;
}

TEST(http_limits, what_is_pipelined_waits_outside_of_our_memory) {
  running_server server{{.body = 60'000ms, .write = 60'000ms}};
  raw_client client{server.port()};
  std::string all;
  for (int i = 0; i < 2'000; ++i)
    all += "POST /echo HTTP/1.1\r\nContent-Length: 4\r\n\r\n" + std::to_string(1000 + i % 9000);
  std::thread sender{[&] { client.send(all); }};
  for (int i = 0; i < 2'000; ++i)
    ASSERT_EQ(client.receive().body, std::to_string(1000 + i % 9000));
  sender.join();
}

TEST(http_limits, a_client_that_connects_and_says_nothing_is_closed_without_a_word) {
  running_server server{{.idle = 50ms, .sweep = 5ms}};
  raw_client client{server.port()};
  EXPECT_EQ(client.receive_until_closed(), "");
}

TEST(http_limits, a_body_that_nobody_wants_must_come_in_time_as_well) {
  running_server server{{.body = 50ms, .linger = 50ms, .sweep = 5ms}};
  raw_client client{server.port()};
  EXPECT_EQ(client.ask("POST /ignore HTTP/1.1\r\nContent-Length: 5\r\n\r\nhe").status, 200);
  EXPECT_EQ(client.receive_until_closed(), "");
}

TEST(http_limits, a_header_that_comes_too_slowly_is_408) {
  running_server server{{.header = 50ms, .sweep = 5ms}};
  raw_client client{server.port()};
  client.send("GET /x HTTP/1.1\r\nX-Slow: ");
  const auto answer = client.receive();
  EXPECT_EQ(answer.status, 408);
  EXPECT_EQ(answer.header("connection"), "close");
}

TEST(http_limits, bytes_that_trickle_in_do_not_prolong_the_time_for_a_header) {
  running_server server{{.header_bytes = 64 * 1024 * 1024, .header = 50ms, .sweep = 5ms}};
  raw_client client{server.port()};
  std::atomic<bool> answered{false};
  std::thread trickle{[&] {
    client.send("GET /x HTTP/1.1\r\nX-Slow: ");
    while (!answered)
      client.send("a");
  }};
  const auto answer = client.receive();
  answered = true;
  trickle.join();
  EXPECT_EQ(answer.status, 408);
}

TEST(http_limits, a_body_that_comes_too_slowly_is_408) {
  running_server server{{.body = 50ms, .sweep = 5ms}};
  raw_client client{server.port()};
  const auto answer = client.ask("POST /echo HTTP/1.1\r\nContent-Length: 5\r\n\r\nhe");
  EXPECT_EQ(answer.status, 408);
  EXPECT_EQ(answer.header("connection"), "close");
}

TEST(http_limits, an_idle_connection_is_closed_without_a_word) {
  running_server server{{.idle = 50ms, .sweep = 5ms}};
  raw_client client{server.port()};
  EXPECT_EQ(client.ask("GET /x HTTP/1.1\r\n\r\n").status, 200);
  EXPECT_EQ(client.receive_until_closed(), "");
}

TEST(http_limits, a_client_that_does_not_take_its_answer_is_cut_off) {
  running_server server{{.write = 50ms, .linger = 50ms, .sweep = 5ms}};
  raw_client client{server.port()};
  const std::string body(1024 * 1024, 'a');
  const auto request = "POST /echo HTTP/1.1\r\nContent-Length: 1048576\r\n\r\n" + body;
  // Nothing is read here, so answers pile up in the buffers of both kernels until the server cannot write any more.
  for (int i = 0; i < 64; ++i)
    client.send(request);
  raw_client other{server.port()};
  EXPECT_EQ(other.ask("GET /x HTTP/1.1\r\n\r\n").status, 200) << "nobody else is held up";
  const auto received = client.receive_until_closed();
  EXPECT_LT(received.size(), 64 * body.size());
}

TEST(http_limits, a_connection_too_many_is_told_to_come_back) {
  running_server server{{.connections_max = 2}};
  raw_client first{server.port()};
  raw_client second{server.port()};
  EXPECT_EQ(first.ask("GET /x HTTP/1.1\r\n\r\n").status, 200);
  EXPECT_EQ(second.ask("GET /x HTTP/1.1\r\n\r\n").status, 200);
  raw_client third{server.port()};
  const auto answer = third.receive();
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.header("retry-after"), "1");
  EXPECT_EQ(first.ask("GET /x HTTP/1.1\r\n\r\n").status, 200) << "those inside are not disturbed";
}

TEST(http_limits, one_address_does_not_take_all_seats) {
  running_server server{{.connections_per_address_max = 2}};
  raw_client first{server.port()};
  raw_client second{server.port()};
  EXPECT_EQ(first.ask("GET /x HTTP/1.1\r\n\r\n").status, 200);
  raw_client third{server.port()};
  const auto answer = third.receive();
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.header("retry-after"), "1");
  EXPECT_EQ(second.ask("GET /x HTTP/1.1\r\n\r\n").status, 200);
}

TEST(http_limits, a_proxy_may_bring_any_number) {
  server_options options{.host = "127.0.0.1", .port = 0, .io_threads = 1};
  options.limits.connections_per_address_max = 1;
  options.is_proxy = [](const auto& peer) { return peer.is_loopback(); };
  running_server server{std::move(options)};
  raw_client first{server.port()};
  raw_client second{server.port()};
  EXPECT_EQ(first.ask("GET /x HTTP/1.1\r\n\r\n").status, 200);
  EXPECT_EQ(second.ask("GET /x HTTP/1.1\r\n\r\n").status, 200);
}

} // namespace
} // namespace cued::http::test
