#include "http/client/webhook_client.hpp"

#include <future>
#include <latch>
#include <set>

#include <gtest/gtest.h>
#include <zlib.h>

#include "http/client/response_text.hpp"
#include "tests/http/local_receiver.hpp"
#include "tests/http/webhook_client_fixture.hpp"

namespace cued::http::client {

using test::answering;
using test::http_answer;
using test::local_receiver;
using test::wire;

// -- what is sent and what comes back ------------------------------------

TEST_F(webhook_client_test, a_request_arrives_as_it_was_made_and_the_answer_comes_back) {
  std::promise<std::string> seen;
  local_receiver receiver{[&](wire& w) {
    seen.set_value(w.read_request());
    w.write(http_answer("200 OK", "thanks"));
  }};
  const auto answer = send(receiver.url("127.0.0.1", "/hook?a=b"), "{\"n\": 1}");
  EXPECT_EQ(answer.what, failure::none);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "thanks");
  EXPECT_EQ(answer.first_byte_sent_at, sending_time);
  EXPECT_EQ(seen.get_future().get(), "POST /hook?a=b HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(receiver.port()) +
                                         "\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate\r\n"
                                         "Connection: keep-alive\r\nContent-Type: application/json\r\n"
                                         "Content-Length: 8\r\n\r\n{\"n\": 1}");
}

TEST_F(webhook_client_test, a_refusal_is_an_answer_with_its_retry_after) {
  local_receiver receiver{answering(http_answer("429 Too Many Requests", "slow down", "Retry-After: 120\r\n"))};
  const auto answer = send(receiver.url());
  EXPECT_EQ(answer.what, failure::none);
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.retry_after_seconds, 120);
}

TEST_F(webhook_client_test, a_retry_after_may_be_a_date_by_the_clock_of_its_sender) {
  local_receiver receiver{answering(http_answer(
      "503 Busy", "", "Date: Wed, 21 Oct 2015 07:28:00 GMT\r\nRetry-After: Wed, 21 Oct 2015 07:30:00 GMT\r\n"))};
  EXPECT_EQ(send(receiver.url()).retry_after_seconds, 120);
}

TEST_F(webhook_client_test, a_retry_after_that_is_neither_seconds_nor_a_date_is_ignored) {
  for (const auto value : {"-5", "", "12x", "tomorrow"}) {
    local_receiver receiver{answering(http_answer("503 Busy", "", std::string{"Retry-After: "} + value + "\r\n"))};
    EXPECT_EQ(send(receiver.url()).retry_after_seconds, std::nullopt) << value;
  }
}

TEST_F(webhook_client_test, an_answer_without_a_body_is_complete) {
  local_receiver receiver{[](wire& w) {
    w.read_request();
    w.write("HTTP/1.1 204 No Content\r\n\r\n");
    w.wait_for_the_other_side_to_hang_up();
  }};
  EXPECT_EQ(send(receiver.url()).status, 204);
}

TEST_F(webhook_client_test, a_body_may_be_chunked_or_end_with_the_connection) {
  local_receiver chunked{
      answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")};
  EXPECT_EQ(send(chunked.url()).body, "abcde");
  local_receiver ending{answering("HTTP/1.0 200 OK\r\n\r\nuntil the end")};
  EXPECT_EQ(send(ending.url()).body, "until the end");
}

TEST_F(webhook_client_test, interim_answers_are_passed_over) {
  local_receiver receiver{answering("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" +
                                    http_answer("201 Created", "made"))};
  const auto answer = send(receiver.url());
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.body, "made");
}

TEST_F(webhook_client_test, interim_answers_without_end_are_an_error) {
  local_receiver receiver{[](wire& w) {
    w.read_request();
    for (;;)
      w.write("HTTP/1.1 100 Continue\r\n\r\n");
  }};
  EXPECT_EQ(send(receiver.url()).what, failure::protocol_error);
}

TEST_F(webhook_client_test, the_declared_charset_counts_and_null_characters_go) {
  local_receiver receiver{answering(
      http_answer("200 OK", std::string("gr\xfc\xdf\0!", 6), "Content-Type: text/plain; charset=iso-8859-1\r\n"))};
  EXPECT_EQ(send(receiver.url()).body, "gr\xc3\xbc\xc3\x9f!");
}

TEST_F(webhook_client_test, redirects_are_not_followed) {
  local_receiver second{answering(http_answer("200 OK", "never"))};
  local_receiver first{answering(http_answer("302 Found", "", "Location: " + second.url() + "\r\n"))};
  EXPECT_EQ(send(first.url()).status, 302);
  EXPECT_EQ(second.connections(), 0);
}

TEST_F(webhook_client_test, proxies_of_the_environment_are_not_used) {
  local_receiver proxy{answering(http_answer("200 OK", "from the proxy"))};
  local_receiver receiver{answering(http_answer("200 OK", "direct"))};
  for (const auto name : {"http_proxy", "HTTP_PROXY", "ALL_PROXY"})
    ::setenv(name, proxy.url("127.0.0.1", "/").c_str(), 1);
  EXPECT_EQ(send(receiver.url()).body, "direct");
  for (const auto name : {"http_proxy", "HTTP_PROXY", "ALL_PROXY"})
    ::unsetenv(name);
  EXPECT_EQ(proxy.connections(), 0);
}

// -- failures ------------------------------------------------------------

TEST_F(webhook_client_test, a_refused_connection_is_told_as_such) {
  auto receiver = std::make_unique<local_receiver>([](wire&) {});
  const auto url = receiver->url();
  receiver.reset();
  const auto answer = send(url);
  EXPECT_EQ(answer.what, failure::could_not_connect);
  EXPECT_EQ(answer.status, std::nullopt);
  EXPECT_EQ(answer.first_byte_sent_at, std::nullopt);
}

TEST_F(webhook_client_test, a_receiver_that_never_answers_meets_the_deadline) {
  local_receiver receiver{[](wire& w) { w.wait_for_the_other_side_to_hang_up(); }};
  EXPECT_EQ(send(receiver.url(), "{}", 20ms).what, failure::timed_out);
}

TEST_F(webhook_client_test, a_look_up_that_never_ends_meets_the_deadline) {
  EXPECT_EQ(send("http://stuck.example/", "{}", 20ms).what, failure::timed_out);
  names->test_is_over.set_value();
}

TEST_F(webhook_client_test, a_body_that_drips_meets_the_deadline_although_every_read_succeeds) {
  local_receiver receiver{[](wire& w) {
    w.read_request();
    w.write("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n");
    for (;;) {
      boost::asio::steady_timer pause{w.socket().get_executor(), 1ms};
      pause.wait();
      w.write(".");
    }
  }};
  const auto answer = send(receiver.url(), "{}", 50ms);
  EXPECT_EQ(answer.what, failure::timed_out);
  EXPECT_EQ(answer.status, std::nullopt);
}

TEST_F(webhook_client_test, a_reset_and_an_early_end_are_protocol_errors) {
  local_receiver resetting{[](wire& w) {
    w.read_request();
    w.reset();
  }};
  EXPECT_EQ(send(resetting.url()).what, failure::protocol_error);
  local_receiver silent{[](wire& w) { w.read_request(); }};
  EXPECT_EQ(send(silent.url()).what, failure::protocol_error);
}

TEST_F(webhook_client_test, what_is_not_http_is_a_protocol_error) {
  local_receiver receiver{answering("SSH-2.0-OpenSSH_9.2\r\n")};
  EXPECT_EQ(send(receiver.url()).what, failure::protocol_error);
}

TEST_F(webhook_client_test, a_body_shorter_than_announced_is_a_protocol_error) {
  local_receiver receiver{answering("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort")};
  EXPECT_EQ(send(receiver.url()).what, failure::protocol_error);
}

TEST_F(webhook_client_test, headers_beyond_their_limit_are_a_protocol_error) {
  local_receiver receiver{answering(
      http_answer("200 OK", "x", "X-Long: " + std::string(response_header_limit_bytes + 1024, 'a') + "\r\n"))};
  EXPECT_EQ(send(receiver.url()).what, failure::protocol_error);
}

TEST_F(webhook_client_test, a_request_that_could_be_split_is_not_sent) {
  local_receiver receiver{answering(http_answer("200 OK", ""))};
  actors::webhook_request request{"POST", receiver.url(), {{"X-A", "1\r\nX-B: 2"}}, "{}"};
  std::promise<actors::webhook_response> promise;
  client().send(request, [&](actors::webhook_response answer) { promise.set_value(std::move(answer)); });
  EXPECT_EQ(promise.get_future().get().what, failure::protocol_error);
  EXPECT_EQ(receiver.connections(), 0);
}

// -- limits on what is read ----------------------------------------------

TEST_F(webhook_client_test, of_an_endless_body_the_beginning_is_kept_and_the_rest_not_read) {
  std::promise<void> hung_up;
  local_receiver receiver{[&](wire& w) {
    w.read_request();
    w.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n");
    try {
      for (;;)
        w.write(std::string(64 * 1024, 'a'));
    } catch (const std::exception&) {
      hung_up.set_value();
    }
  }};
  const auto answer = send(receiver.url());
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, std::string(kept_characters, 'a'));
  hung_up.get_future().get();
}

TEST_F(webhook_client_test, a_compressed_body_is_unpacked_within_the_limit) {
  const std::string bomb(2 << 20, 'z');
  uLongf size = compressBound(bomb.size());
  std::string packed(size, '\0');
  compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(bomb.data()), bomb.size());
  packed.resize(size);
  local_receiver receiver{answering(http_answer("200 OK", packed, "Content-Encoding: deflate\r\n"))};
  EXPECT_EQ(send(receiver.url()).body, std::string(kept_characters, 'z'));
}

// -- many at once --------------------------------------------------------

TEST_F(webhook_client_test, no_more_than_the_cap_are_under_way_and_the_rest_follow_in_order) {
  options.concurrency = 2;
  std::latch two_arrived{2};
  std::promise<void> open_gate;
  const auto gate = open_gate.get_future().share();
  std::mutex mutex;
  std::vector<std::string> order;
  local_receiver receiver{[&](wire& w) {
    const auto request = w.read_request();
    {
      const std::lock_guard lock{mutex};
      order.push_back(request.substr(request.find("\r\n\r\n") + 4));
      if (order.size() <= 2)
        two_arrived.count_down();
    }
    gate.wait();
    w.write(http_answer("200 OK", ""));
  }};
  std::vector<std::future<actors::webhook_response>> answers;
  for (int i = 0; i < 6; ++i)
    answers.push_back(start(receiver.url(), std::to_string(i)));
  two_arrived.wait();
  EXPECT_EQ(receiver.connections(), 2);
  EXPECT_EQ(client().under_way(), 2u);
  EXPECT_EQ(client().waiting(), 4u);
  open_gate.set_value();
  for (auto& answer : answers)
    EXPECT_EQ(answer.get().status, 200);
  EXPECT_EQ(std::set<std::string>(order.begin(), order.begin() + 2), (std::set<std::string>{"0", "1"}));
  EXPECT_EQ(order.size(), 6u);
}

TEST_F(webhook_client_test, when_the_line_is_full_a_send_fails_at_once) {
  options.concurrency = 1;
  options.waiting_limit = 1;
  std::promise<void> arrived;
  local_receiver receiver{[&](wire& w) {
    w.read_request();
    arrived.set_value();
    w.wait_for_the_other_side_to_hang_up();
  }};
  auto first = start(receiver.url());
  arrived.get_future().get();
  auto second = start(receiver.url());
  EXPECT_EQ(send(receiver.url()).what, failure::could_not_connect);
  destroy_client();
  EXPECT_EQ(first.get().what, failure::cut_off) << "the receiver has nothing to do with it";
  EXPECT_EQ(second.get().what, failure::cut_off);
  EXPECT_EQ(receiver.connections(), 1);
}

} // namespace cued::http::client
