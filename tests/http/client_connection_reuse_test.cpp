#include <future>

#include <gtest/gtest.h>

#include "http/client/response_text.hpp"
#include "tests/http/certificate_authority.hpp"
#include "tests/http/local_receiver.hpp"
#include "tests/http/webhook_client_fixture.hpp"

namespace cued::http::client {

using test::http_answer;
using test::local_receiver;
using test::wire;

/// One loop, so that each request finds what the one before has left.
class connection_reuse_test : public webhook_client_test {
protected:
  connection_reuse_test() { options.threads = 1; }

  /// Answers every request of a connection with these bytes.
  static local_receiver::script answering_always(std::string bytes) {
    return [bytes](wire& w) {
      for (;;) {
        w.read_request();
        w.write(bytes);
      }
    };
  }

  actors::webhook_response send_for(const std::string& tenant, const std::string& url) {
    std::promise<actors::webhook_response> promise;
    actors::webhook_request request{"POST", url, {}, "{}", 60s, tenant};
    client().send(std::move(request), [&](actors::webhook_response answer) { promise.set_value(std::move(answer)); });
    return promise.get_future().get();
  }
};

TEST_F(connection_reuse_test, the_next_request_to_the_same_place_goes_over_the_same_connection) {
  local_receiver receiver{answering_always(http_answer("200 OK", "thanks"))};
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(send(receiver.url()).body, "thanks");
  EXPECT_EQ(receiver.connections(), 1);
}

TEST_F(connection_reuse_test, so_it_is_with_tls_chunks_failures_and_answers_without_a_body) {
  const test::certificate_authority authority;
  auto tls = authority.server_context("DNS:hook.example");
  authority_file = authority.file();
  names->names["hook.example"] = {"127.0.0.1"};
  for (const auto* answer : {"HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\nno",
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
                             "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}) {
    local_receiver receiver{answering_always(answer), &tls};
    for (int i = 0; i < 3; ++i)
      EXPECT_EQ(send(receiver.url("hook.example")).what, failure::none) << answer;
    EXPECT_EQ(receiver.connections(), 1) << answer;
  }
}

TEST_F(connection_reuse_test, a_connection_that_does_not_end_in_a_clean_answer_is_not_used_again) {
  const std::string long_body(body_limit_bytes + 1, 'a');
  for (const auto& answer :
       {http_answer("200 OK", "", "Connection: close\r\n"), http_answer("200 OK", "") + "HTTP/1.1 200 OK\r\n",
        std::string{"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n"},
        std::string{"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"},
        http_answer("200 OK", long_body), std::string{"not http\r\n\r\n"}}) {
    local_receiver receiver{answering_always(answer)};
    send(receiver.url());
    send(receiver.url());
    EXPECT_EQ(receiver.connections(), 2) << answer.substr(0, 200);
  }
}

TEST_F(connection_reuse_test, other_names_and_other_tenants_have_other_connections) {
  local_receiver receiver{answering_always(http_answer("200 OK", ""))};
  names->names["a.example"] = names->names["b.example"] = {"127.0.0.1"};
  EXPECT_EQ(send_for("ann", receiver.url("a.example")).status, 200);
  EXPECT_EQ(send_for("ann", receiver.url("b.example")).status, 200);
  EXPECT_EQ(send_for("bob", receiver.url("a.example")).status, 200);
  EXPECT_EQ(receiver.connections(), 3);
}

TEST_F(connection_reuse_test, the_name_is_looked_up_for_each_request_and_a_connection_to_another_address_left_alone) {
  local_receiver receiver{answering_always(http_answer("200 OK", ""))};
  names->names["hook.example"] = {"127.0.0.1"};
  EXPECT_EQ(send(receiver.url("hook.example")).status, 200);
  names->names["hook.example"] = {"127.0.0.2"};
  EXPECT_EQ(send(receiver.url("hook.example")).what, failure::could_not_connect) << "nobody listens there";
  names->names["hook.example"] = {"127.0.0.2", "127.0.0.1"};
  EXPECT_EQ(send(receiver.url("hook.example")).status, 200);
  EXPECT_EQ(receiver.connections(), 1) << "any of the vetted addresses will do";
  EXPECT_EQ(names->look_ups, 3);
}

TEST_F(connection_reuse_test, a_name_that_has_come_to_lead_inside_is_blocked_although_a_connection_is_kept) {
  local_receiver receiver{answering_always(http_answer("200 OK", ""))};
  names->names["hook.example"] = {"127.0.0.1"};
  EXPECT_EQ(send(receiver.url("hook.example")).status, 200);
  names->names["hook.example"] = {"127.0.0.1", "10.0.0.1"};
  EXPECT_EQ(send(receiver.url("hook.example")).what, failure::blocked);
}

TEST_F(connection_reuse_test, a_request_that_meets_the_end_of_its_connection_goes_out_once_more_on_a_new_one) {
  std::atomic<int> requests = 0;
  local_receiver receiver{[&](wire& w) {
    const auto first = w.read_request();
    ++requests;
    w.write(http_answer("200 OK", ""));
    w.read_request(); // and hangs up instead of answering
    ++requests;
  }};
  EXPECT_EQ(send(receiver.url()).status, 200);
  EXPECT_EQ(send(receiver.url()).status, 200);
  EXPECT_EQ(receiver.connections(), 2);
  EXPECT_EQ(requests, 3);
}

TEST_F(connection_reuse_test, once_and_no_more) {
  std::atomic<int> answered = 0;
  local_receiver receiver{[&](wire& w) {
    w.read_request();
    if (answered++ > 0)
      return w.reset();
    w.write(http_answer("200 OK", ""));
    w.read_request();
    w.reset();
  }};
  EXPECT_EQ(send(receiver.url()).status, 200);
  EXPECT_EQ(send(receiver.url()).what, failure::protocol_error);
  EXPECT_EQ(receiver.connections(), 2);
}

TEST_F(connection_reuse_test, after_the_first_byte_of_an_answer_there_is_no_second_request) {
  local_receiver receiver{[&](wire& w) {
    w.read_request();
    w.write(http_answer("200 OK", ""));
    w.read_request();
    w.write("H");
  }};
  EXPECT_EQ(send(receiver.url()).status, 200);
  EXPECT_EQ(send(receiver.url()).what, failure::protocol_error);
  EXPECT_EQ(receiver.connections(), 1);
}

TEST_F(connection_reuse_test, silence_on_a_kept_connection_is_a_time_out_and_not_repeated) {
  local_receiver receiver{[&](wire& w) {
    w.read_request();
    w.write(http_answer("200 OK", ""));
    w.read_request();
    w.wait_for_the_other_side_to_hang_up();
  }};
  EXPECT_EQ(send(receiver.url()).status, 200);
  EXPECT_EQ(send(receiver.url(), "{}", 20ms).what, failure::timed_out);
  EXPECT_EQ(receiver.connections(), 1);
}

TEST_F(connection_reuse_test, kept_connections_are_closed_with_the_client) {
  std::promise<void> hung_up;
  local_receiver receiver{[&](wire& w) {
    w.read_request();
    w.write(http_answer("200 OK", ""));
    try {
      w.read_some();
    } catch (const std::exception&) {
      hung_up.set_value();
    }
  }};
  EXPECT_EQ(send(receiver.url()).status, 200);
  client().close();
  hung_up.get_future().get();
}

TEST_F(connection_reuse_test, without_places_for_kept_connections_each_request_has_its_own) {
  options.kept_connections.idle_at_most = 0;
  local_receiver receiver{answering_always(http_answer("200 OK", ""))};
  EXPECT_EQ(send(receiver.url()).status, 200);
  EXPECT_EQ(send(receiver.url()).status, 200);
  EXPECT_EQ(receiver.connections(), 2);
}

} // namespace cued::http::client
