#include <gtest/gtest.h>

#include "tests/http/raw_client.hpp"
#include "tests/http/server/scripted_application.hpp"

namespace cued::http::test {
namespace {

constexpr std::string_view not_http_text = "Invalid HTTP request received.";

void expect_not_http(std::string_view bytes) {
  running_server server;
  raw_client client{server.port()};
  const auto answer = client.ask(bytes);
  EXPECT_EQ(answer.status, 400) << bytes;
  EXPECT_EQ(answer.body, not_http_text) << bytes;
  EXPECT_EQ(answer.header("content-type"), "text/plain; charset=utf-8") << bytes;
  EXPECT_EQ(answer.header("connection"), "close") << bytes;
  EXPECT_EQ(client.receive_until_closed(), "") << bytes;
}

TEST(http_server, a_folded_line_is_refused_wherever_the_header_is_cut_into_pieces) {
  const auto padding = "X-Long: " + std::string(20'000, 'a') + "\r\n"; // more than is read at once
  const std::string folded = "X-Folded: a\r\n b\r\n";
  expect_not_http("GET /x HTTP/1.1\r\nHost: a\r\n" + folded + "\r\n");
  expect_not_http("GET /x HTTP/1.1\r\nHost: a\r\n" + folded + padding + "\r\n");
  expect_not_http("GET /x HTTP/1.1\r\nHost: a\r\n" + padding + folded + "\r\n");
}

TEST(http_server, a_connection_serves_one_request_after_another) {
  running_server server;
  raw_client client{server.port()};
  for (int i = 0; i < 3; ++i) {
    const auto answer = client.ask("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "hello");
    EXPECT_FALSE(answer.has("connection"));
  }
}

TEST(http_server, a_missing_host_is_accepted) {
  running_server server;
  EXPECT_EQ(ask_once(server.port(), "GET /x HTTP/1.1\r\n\r\n").status, 200);
}

TEST(http_server, pipelined_requests_are_answered_in_their_order) {
  running_server server;
  raw_client client{server.port()};
  std::string all;
  for (int i = 0; i < 50; ++i) {
    const auto text = std::to_string(i);
    all += "POST /echo HTTP/1.1\r\nContent-Length: " + std::to_string(text.size()) + "\r\n\r\n" + text;
  }
  client.send(all);
  for (int i = 0; i < 50; ++i)
    EXPECT_EQ(client.receive().body, std::to_string(i));
}

TEST(http_server, a_request_may_arrive_byte_by_byte) {
  running_server server;
  raw_client client{server.port()};
  for (const char c : std::string_view{"POST /echo HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi"})
    client.send({&c, 1});
  EXPECT_EQ(client.receive().body, "hi");
}

TEST(http_server, an_empty_line_before_the_start_line_is_overlooked) {
  running_server server;
  EXPECT_EQ(ask_once(server.port(), "\r\nGET /x HTTP/1.1\r\n\r\n").status, 200);
}

TEST(http_server, chunks_make_one_body) {
  running_server server;
  raw_client client{server.port()};
  const auto answer = client.ask("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                                 "5;name=value\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\nTrailer: x\r\n\r\n");
  EXPECT_EQ(answer.body, "hello world");
  EXPECT_EQ(client.ask("GET /x HTTP/1.1\r\n\r\n").status, 200) << "the next request begins after the trailer";
}

TEST(http_server, a_body_that_nobody_read_does_not_become_the_next_request) {
  running_server server;
  raw_client client{server.port()};
  EXPECT_EQ(client.ask("POST /ignore HTTP/1.1\r\nContent-Length: 19\r\n\r\nGET /x HTTP/9.9\r\n\r\n").status, 200);
  EXPECT_EQ(client.ask("POST /ignore HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n").status, 200);
  EXPECT_EQ(client.ask("POST /echo HTTP/1.1\r\nContent-Length: 2\r\n\r\nok").body, "ok");
}

TEST(http_server, no_content_has_neither_length_nor_body) {
  running_server server;
  raw_client client{server.port()};
  const auto answer = client.ask("DELETE /empty HTTP/1.1\r\n\r\n");
  EXPECT_EQ(answer.status, 204);
  EXPECT_FALSE(answer.has("content-length"));
  EXPECT_FALSE(answer.has("content-type"));
  EXPECT_EQ(client.ask("GET /x HTTP/1.1\r\n\r\n").body, "ignored") << "framing holds";
}

TEST(http_server, head_tells_the_length_and_sends_no_body) {
  running_server server;
  raw_client client{server.port()};
  client.send("HEAD /x HTTP/1.1\r\n\r\n");
  EXPECT_EQ(client.receive(true).header("content-length"), "7");
  EXPECT_EQ(client.ask("GET /x HTTP/1.1\r\n\r\n").body, "ignored");
}

TEST(http_server, http_1_0_closes_unless_asked_to_keep_the_connection) {
  running_server server;
  raw_client closing{server.port()};
  EXPECT_EQ(closing.ask("GET /x HTTP/1.0\r\n\r\n").header("connection"), "close");
  EXPECT_EQ(closing.receive_until_closed(), "");

  raw_client keeping{server.port()};
  const std::string_view request = "GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
  EXPECT_EQ(keeping.ask(request).header("connection"), "keep-alive");
  EXPECT_EQ(keeping.ask(request).status, 200);
}

TEST(http_server, connection_close_is_obeyed) {
  running_server server;
  raw_client client{server.port()};
  EXPECT_EQ(client.ask("GET /x HTTP/1.1\r\nConnection: close\r\n\r\n").header("connection"), "close");
  EXPECT_EQ(client.receive_until_closed(), "");
}

TEST(http_server, what_came_after_a_request_that_was_the_last_is_not_looked_at) {
  running_server server;
  raw_client client{server.port()};
  client.send("POST /echo HTTP/1.1\r\nContent-Length: 1\r\nConnection: close\r\n\r\na"
              "POST /echo HTTP/1.1\r\nContent-Length: 1\r\n\r\nb");
  EXPECT_EQ(client.receive().body, "a");
  EXPECT_EQ(client.receive_until_closed(), "");
}

TEST(http_server, a_trailer_adds_nothing_to_the_header) {
  running_server server;
  raw_client client{server.port()};
  const auto answer = client.ask("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                                 "1\r\na\r\n0\r\nContent-Length: 900\r\nHost: b\r\n\r\n");
  EXPECT_EQ(answer.status, 400) << "a length has no business there";
  EXPECT_EQ(answer.header("connection"), "close");
}

TEST(http_server, a_client_that_half_closes_still_gets_its_answer) {
  running_server server;
  raw_client client{server.port()};
  client.send("POST /echo HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi");
  client.finish_sending();
  EXPECT_EQ(client.receive().body, "hi");
}

TEST(http_server, one_hundred_continue_comes_before_the_body) {
  running_server server;
  raw_client client{server.port()};
  client.send("POST /echo HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.receive().status, 100);
  EXPECT_EQ(client.ask("hi").body, "hi");
}

TEST(http_server, who_waits_to_continue_and_is_answered_without_is_cut_off) {
  running_server server;
  raw_client client{server.port()};
  const auto answer = client.ask("POST /ignore HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("connection"), "close") << "whether a body follows is anybody's guess";
}

TEST(http_server, what_is_not_http_is_told_so_in_plain_text) {
  expect_not_http("nonsense\r\n\r\n");
  expect_not_http("GET /x\r\n\r\n");
  expect_not_http("GET /x HTTP/2.0\r\n\r\n");
  expect_not_http("GET /x HTTP/1.1\nHost: a\n\n");
  expect_not_http("GET /a b HTTP/1.1\r\n\r\n");
  expect_not_http("\x16\x03\x01\x02\x01 TLS client hello");
  expect_not_http("GET " + std::string(70'000, 'a') + " HTTP/1.1\r\n\r\n");
}

TEST(http_server, lengths_that_could_be_read_two_ways_are_refused) {
  expect_not_http("POST /echo HTTP/1.1\r\nContent-Length: abc\r\n\r\n");
  expect_not_http("POST /echo HTTP/1.1\r\nContent-Length: -1\r\n\r\n");
  expect_not_http("POST /echo HTTP/1.1\r\nContent-Length: +1\r\n\r\na");
  expect_not_http("POST /echo HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n");
  expect_not_http("POST /echo HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab");
  expect_not_http("POST /echo HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  expect_not_http("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n");
  expect_not_http("POST /echo HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n");
  expect_not_http("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\n");
  expect_not_http("POST /echo HTTP/1.1\r\nContent-Length : 1\r\n\r\na");
}

TEST(http_server, what_two_programs_in_a_row_could_read_differently_is_refused) {
  expect_not_http("POST /echo HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab");
  expect_not_http("POST /echo HTTP/1.1\r\nContent-Length: 2, 2\r\n\r\nab");
  expect_not_http("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  expect_not_http("POST /echo HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n");
  expect_not_http("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n");
  expect_not_http("POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  expect_not_http("GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
  expect_not_http("GET /x HTTP/1.1\r\nX-Folded: a\r\n b\r\n\r\n");
  expect_not_http("GET /x HTTP/1.1\r\nX-Folded: a\r\n\tb\r\n\r\n");
  expect_not_http("GET /x HTTP/1.1\r\n Host: a\r\n\r\n");
  expect_not_http("GET /x HTTP/1.1\r\nHost: a\nX: b\r\n\r\n");
  expect_not_http("GET /x HTTP/1.1\r\nX: a\rb\r\n\r\n");
  expect_not_http(std::string_view{"GET /x HTTP/1.1\r\nX: a\0b\r\n\r\n", 27});
  expect_not_http("GET /x HTTP/1.1\r\n: nameless\r\n\r\n");
}

TEST(http_server, a_broken_chunk_ends_the_connection_with_an_answer) {
  running_server server;
  raw_client client{server.port()};
  const auto answer = client.ask("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.header("connection"), "close");
}

TEST(http_server, a_target_is_decoded_once) {
  running_server server;
  const auto answer = ask_once(server.port(), "GET /%74arget?a=%2541&b=1+2&b HTTP/1.1\r\n\r\n");
  EXPECT_EQ(answer.body, "/target|127.0.0.1|a=%41|b=1 2|b=");
}

TEST(http_server, a_header_that_would_split_the_answer_is_left_out) {
  running_server server;
  const auto answer = ask_once(server.port(), "GET /split HTTP/1.1\r\n\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_FALSE(answer.has("x-evil"));
  EXPECT_FALSE(answer.has("set-cookie"));
}

TEST(http_server, every_answer_tells_the_date) {
  running_server server;
  const auto date = ask_once(server.port(), "GET /x HTTP/1.1\r\n\r\n").header("date");
  EXPECT_EQ(date.size(), std::string_view{"Tue, 24 Nov 2026 22:00:00 GMT"}.size());
  EXPECT_TRUE(date.ends_with(" GMT"));
}

} // namespace
} // namespace cued::http::test
