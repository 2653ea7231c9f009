#include <future>

#include <gtest/gtest.h>

#include "tests/http/local_receiver.hpp"
#include "tests/http/webhook_client_fixture.hpp"

namespace cued::http::client {

using test::answering;
using test::http_answer;
using test::local_receiver;
using test::wire;

TEST_F(webhook_client_test, a_blocked_address_is_never_connected_to) {
  local_receiver receiver{answering(http_answer("200 OK", ""))};
  policy.allow_loopback = false;
  const auto answer = send(receiver.url());
  EXPECT_EQ(answer.what, failure::blocked);
  EXPECT_NE(answer.detail.find("blocked"), std::string::npos);
  EXPECT_EQ(answer.first_byte_sent_at, std::nullopt);
  EXPECT_EQ(receiver.connections(), 0);
}

TEST_F(webhook_client_test, one_blocked_address_spoils_all_of_a_name) {
  local_receiver receiver{answering(http_answer("200 OK", ""))};
  names->names["mixed.example"] = {"127.0.0.1", "10.0.0.1"};
  EXPECT_EQ(send(receiver.url("mixed.example")).what, failure::blocked);
  EXPECT_EQ(receiver.connections(), 0);
}

TEST_F(webhook_client_test, a_name_that_does_not_resolve_is_blocked) {
  const auto answer = send("http://nowhere.example/");
  EXPECT_EQ(answer.what, failure::blocked);
  EXPECT_NE(answer.detail.find("blocked"), std::string::npos);
}

TEST_F(webhook_client_test, credentials_are_refused) {
  local_receiver receiver{answering(http_answer("200 OK", ""))};
  const auto answer = send("http://user:secret@127.0.0.1:" + std::to_string(receiver.port()) + "/");
  EXPECT_EQ(answer.what, failure::blocked);
  EXPECT_EQ(receiver.connections(), 0);
}

TEST_F(webhook_client_test, outside_development_plain_http_is_refused) {
  local_receiver receiver{answering(http_answer("200 OK", ""))};
  policy = {};
  EXPECT_EQ(send(receiver.url()).what, failure::blocked);
  EXPECT_EQ(receiver.connections(), 0);
}

TEST_F(webhook_client_test, the_name_is_looked_up_once_so_it_cannot_change_between_check_and_connection) {
  std::promise<std::string> seen;
  local_receiver receiver{[&](wire& w) {
    seen.set_value(w.read_request());
    w.write(http_answer("200 OK", ""));
  }};
  names->names["hook.example"] = {"127.0.0.1"};
  EXPECT_EQ(send(receiver.url("hook.example")).status, 200);
  EXPECT_EQ(names->look_ups, 1);
  EXPECT_NE(seen.get_future().get().find("\r\nHost: hook.example:" + std::to_string(receiver.port()) + "\r\n"),
            std::string::npos);
}

TEST_F(webhook_client_test, when_an_address_refuses_the_next_is_tried) {
  local_receiver receiver{answering(http_answer("200 OK", "second"))};
  names->names["hook.example"] = {"127.0.0.2", "::1", "127.0.0.1"};
  EXPECT_EQ(send(receiver.url("hook.example")).body, "second");
}

TEST_F(webhook_client_test, every_kind_of_address_a_name_may_have_is_judged) {
  local_receiver receiver{answering(http_answer("200 OK", ""))};
  policy.allow_loopback = false;
  for (const auto* inside :
       {"127.0.0.1", "10.0.0.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "198.18.0.1", "::1", "::", "fd00:ec2::254",
        "fe80::1", "fec0::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001::1", "ff02::1"}) {
    names->names["first.example"] = {inside, "203.0.113.5"};
    names->names["last.example"] = {"203.0.113.5", "2001:db8::5", inside};
    EXPECT_EQ(send(receiver.url("first.example")).what, failure::blocked) << inside;
    EXPECT_EQ(send(receiver.url("last.example")).what, failure::blocked) << inside;
  }
  EXPECT_EQ(receiver.connections(), 0);
}

TEST_F(webhook_client_test, the_names_of_this_machine_and_of_metadata_services_are_not_even_looked_up) {
  policy.allow_loopback = false;
  for (const auto* host : {"localhost", "LOCALHOST.", "metadata.google.internal", "Metadata.Internal."})
    EXPECT_EQ(send(std::string{"http://"} + host + "/").what, failure::blocked) << host;
  EXPECT_EQ(names->look_ups, 0);
}

// -- URLs of the operator ------------------------------------------------

TEST_F(webhook_client_test, an_unguarded_client_goes_wherever_the_operator_says) {
  local_receiver receiver{answering(http_answer("200 OK", "hook"))};
  policy = {};
  policy.unguarded = true;
  names->names["localhost"] = {"127.0.0.1"};
  EXPECT_EQ(send(receiver.url()).body, "hook");
  EXPECT_EQ(send(receiver.url("localhost")).body, "hook");
}

TEST_F(webhook_client_test, an_unguarded_client_blocks_nothing_but_says_what_is_wrong) {
  policy = {};
  policy.unguarded = true;
  for (const auto* url : {"http://nowhere.example/", "http://u:p@127.0.0.1/", "ftp://127.0.0.1/", "http://"}) {
    const auto answer = send(url);
    EXPECT_EQ(answer.what, failure::could_not_connect) << url;
    EXPECT_FALSE(answer.detail.empty()) << url;
    EXPECT_EQ(answer.detail.find("blocked"), std::string::npos) << url;
  }
}

TEST_F(webhook_client_test, an_unguarded_client_follows_no_redirects_either) {
  local_receiver second{answering(http_answer("200 OK", "never"))};
  local_receiver first{answering(http_answer("307 Temporary Redirect", "", "Location: " + second.url() + "\r\n"))};
  policy.unguarded = true;
  EXPECT_EQ(send(first.url()).status, 307);
  EXPECT_EQ(second.connections(), 0);
}

} // namespace cued::http::client
